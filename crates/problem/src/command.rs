//! Commands of generated tests: `gen -n 10 -name "two words"`.

/// Splits a command at white space; single and double quotes hold words together, and nothing
/// escapes anything (backslashes are common in arguments that are regular expressions).
///
/// # Errors
/// What is wrong with it.
pub(crate) fn split(command: &str) -> Result<Vec<String>, String> {
    let words = words(command)?;
    if words.first().is_none_or(String::is_empty) {
        return Err(format!("`{command}` names no generator; expected its name and arguments"));
    }
    Ok(words)
}

/// Splits any text so.
///
/// # Errors
/// A quote that is never closed.
pub(crate) fn words(command: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in command.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("`{command}`: the quote {open} is never closed"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_is_split_at_spaces_and_quotes_hold_words_together() {
        for (command, words) in [
            ("gen", vec!["gen"]),
            ("gen -n 10  -q 10 1", vec!["gen", "-n", "10", "-q", "10", "1"]),
            (" gen\t1 ", vec!["gen", "1"]),
            (r#"gen "two words" 'it"s'"#, vec!["gen", "two words", r#"it"s"#]),
            (r#"gen -s="" x"#, vec!["gen", "-s=", "x"]),
            (r#"gen "" x"#, vec!["gen", "", "x"]),
            (r"gen [a-z]{1,5}\d", vec!["gen", r"[a-z]{1,5}\d"]),
        ] {
            assert_eq!(split(command).unwrap(), words, "{command}");
        }
    }

    #[test]
    fn a_command_without_a_generator_or_with_an_open_quote_is_refused() {
        for command in ["", "   ", "\"\" x", "gen \"x", "gen 'x"] {
            assert!(split(command).is_err(), "{command}");
        }
    }

    proptest! {
        #[test]
        fn words_without_quotes_read_back(words in prop::collection::vec("[^\\s\"']{1,6}", 1..6)) {
            prop_assert_eq!(split(&words.join("  ")).unwrap(), words);
        }

        #[test]
        fn quoted_words_read_back(words in prop::collection::vec("[^\"]{1,6}", 1..6)) {
            let command: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            prop_assert_eq!(split(&command.join(" ")).unwrap(), words);
        }
    }
}
