//! What is read as YAML, and what is refused.

use proptest::prelude::*;

use super::*;

fn text(text: &str) -> Value {
    Value::Scalar { text: text.to_owned(), plain: true }
}

#[test]
fn mappings_sequences_and_scalars_are_read_with_their_lines() {
    let node = parse("# c\na: 1\nb:\n  - x\n  - 'y z'\nc: {d: ~, e: []}\n", "f").unwrap();
    let Value::Map(entries) = node.value else { panic!("a mapping") };
    assert_eq!(entries[0], ("a".to_owned(), Node { value: text("1"), line: 2 }));
    let Value::List(items) = &entries[1].1.value else { panic!("a sequence") };
    assert_eq!(items[0], Node { value: text("x"), line: 4 });
    let quoted = Value::Scalar { text: "y z".to_owned(), plain: false };
    assert_eq!(items[1], Node { value: quoted, line: 5 });
    let Value::Map(inner) = &entries[2].1.value else { panic!("a mapping") };
    assert_eq!((&inner[0].1.value, &inner[1].1.value), (&Value::Null, &Value::List(vec![])));
    assert_eq!(parse("", "f").unwrap().value, Value::Null);
    assert_eq!(parse("\u{feff}# nothing\n", "f").unwrap().value, Value::Null);
    assert_eq!(parse("a: 1\r\nb: 2\r\n", "f").unwrap(), parse("a: 1\nb: 2\n", "f").unwrap());
}

#[test]
fn what_could_grow_or_mean_two_things_is_refused_with_its_line() {
    let deep = format!("{}x{}", "[".repeat(MAX_YAML_DEPTH + 1), "]".repeat(MAX_YAML_DEPTH + 1));
    let wide = "- a\n".repeat(MAX_YAML_NODES + 1);
    let long = format!("a: {}\n", "x".repeat(usize::try_from(MAX_YAML).unwrap()));
    for (text, line, said) in [
        ("a: 1\nb: 2\na: 3\n", 3, "`a` is given twice"),
        ("a: &x 1\nb: 2\n", 1, "anchor"),
        ("a: 1\nb: *x\n", 2, ""),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: [1\n", 2, ""),
        ("a: 'x\n", 1, ""),
        ("? [a]\n: b\n", 1, "no text"),
        (deep.as_str(), 1, "levels"),
        (wide.as_str(), MAX_YAML_NODES, "values"),
        (long.as_str(), 1, "bytes"),
    ] {
        let error = parse(text, "f.yaml").unwrap_err().to_string();
        let near = (line.max(2) - 1..=line + 1)
            .any(|line| error.starts_with(&format!("f.yaml: line {line}: ")));
        assert!(near && error.contains(said) && !error.contains('\n'), "{error}");
    }
    let just_deep = format!("{}{}", "[".repeat(MAX_YAML_DEPTH), "]".repeat(MAX_YAML_DEPTH));
    parse(&just_deep, "f").unwrap();
}

#[test]
fn a_key_that_nobody_asked_for_is_named_with_its_line() {
    let node = parse("a: 1\nb: {c: 2}\n", "f").unwrap();
    let map = Field::root(&node, "f").map().unwrap();
    assert_eq!(map.get("a").unwrap().number("a number").unwrap().to_bits(), 1_f64.to_bits());
    let error = map.close().unwrap_err().to_string();
    assert_eq!(error, "f: b (line 2): unknown key; expected one of a");
    let inner = map.get("b").unwrap().map().unwrap();
    let error = inner.close().unwrap_err().to_string();
    assert!(error.starts_with("f: b.c (line 2): unknown key"), "{error}");
    map.close().unwrap();
    let error = map.need("d", "a text").unwrap_err().to_string();
    assert!(error.contains("d (line 1): missing; expected a text"), "{error}");
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[a-c:\\-\\[\\]{},&*!|>'\"#%@? \n\t]{0,60}") {
        if let Err(error) = parse(&text, "f") {
            let line = error.to_string();
            prop_assert!(line.starts_with("f: line ") && !line.contains('\n'), "{}", line);
        }
    }
}
