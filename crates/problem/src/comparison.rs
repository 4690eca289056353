//! What ICPC's default output validator is told.

/// The flags of the default output validator: how an output is compared with the answer, token by
/// token. Without any, letters compare in any case and white space only separates.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Comparison {
    /// Letters compare as they are.
    pub case_sensitive: bool,
    /// White space compares as it is.
    pub space_change_sensitive: bool,
    /// Numbers of the answer may be missed by this much.
    pub float_absolute: Option<f64>,
    /// Numbers of the answer may be missed by this part of theirs.
    pub float_relative: Option<f64>,
}

impl Comparison {
    /// Reads the flags as they stand in packages. Readers of packages do it for every test, so
    /// that whoever judges one finds them right.
    ///
    /// # Errors
    /// The flag that is unknown, given twice, or lacks its number.
    pub fn parse<S: AsRef<str>>(flags: &[S]) -> Result<Self, String> {
        let mut read = Self::default();
        let mut flags = flags.iter().map(AsRef::as_ref);
        let mut both = false;
        while let Some(flag) = flags.next() {
            match flag {
                "case_sensitive" => read.case_sensitive = true,
                "space_change_sensitive" => read.space_change_sensitive = true,
                "float_tolerance" | "float_absolute_tolerance" | "float_relative_tolerance" => {
                    let tolerance = tolerance(flag, flags.next())?;
                    let (absolute, relative) = match flag {
                        "float_tolerance" => (true, true),
                        "float_absolute_tolerance" => (true, false),
                        _ => (false, true),
                    };
                    let given = (absolute && read.float_absolute.is_some())
                        || (relative && read.float_relative.is_some());
                    if given || both {
                        return Err(format!("`{flag}`: this tolerance is given already"));
                    }
                    both = absolute && relative;
                    if absolute {
                        read.float_absolute = Some(tolerance);
                    }
                    if relative {
                        read.float_relative = Some(tolerance);
                    }
                }
                _ => {
                    return Err(format!(
                        "`{flag}` is no flag of the default output validator; expected \
                         case_sensitive, space_change_sensitive, float_tolerance E, \
                         float_absolute_tolerance E or float_relative_tolerance E"
                    ));
                }
            }
        }
        Ok(read)
    }
}

fn tolerance(flag: &str, text: Option<&str>) -> Result<f64, String> {
    let text =
        text.ok_or_else(|| format!("`{flag}` lacks its number; expected 1e-6 or the like"))?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = if plain { text.parse::<f64>().ok() } else { None };
    number
        .filter(|number| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| format!("`{flag} {text}`: expected a number from 0, such as 1e-6"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flags: &str) -> Result<Comparison, String> {
        Comparison::parse(&flags.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn flags_are_read_and_what_is_none_is_named() {
        assert_eq!(parse(""), Ok(Comparison::default()));
        let read = parse("case_sensitive float_absolute_tolerance 1e-6 space_change_sensitive");
        let read = read.unwrap();
        assert!(read.case_sensitive && read.space_change_sensitive);
        assert_eq!((read.float_absolute, read.float_relative), (Some(1e-6), None));
        let both = parse("float_tolerance 0.5").unwrap();
        assert_eq!((both.float_absolute, both.float_relative), (Some(0.5), Some(0.5)));
        let apart = parse("float_relative_tolerance 1e-4 float_absolute_tolerance 1E-9").unwrap();
        assert_eq!((apart.float_absolute, apart.float_relative), (Some(1e-9), Some(1e-4)));
        for (flags, said) in [
            ("CASE_SENSITIVE", "`CASE_SENSITIVE` is no flag"),
            ("float_tolerance", "lacks its number"),
            ("float_tolerance x", "`float_tolerance x`"),
            ("float_tolerance -1", "from 0"),
            ("float_tolerance inf", "from 0"),
            ("float_tolerance 1e-6 float_tolerance 1e-6", "already"),
            ("float_tolerance 1e-6 float_relative_tolerance 1e-6", "already"),
            ("float_absolute_tolerance 1 float_absolute_tolerance 2", "already"),
        ] {
            let error = parse(flags).unwrap_err();
            assert!(error.contains(said), "{flags}: {error}");
        }
    }
}
