//! The report a testlib checker leaves when it is called with `-appes`: one XML element. Declared
//! as windows-1251 whatever its bytes are, so it is decoded leniently.

use crate::ruling::{Ruled, Ruling};

/// The largest report that is read, in bytes: testlib cuts its messages at 32 000 characters, and
/// escaping makes six of one at most.
pub(crate) const MAX_REPORT: u64 = 256 << 10;

/// Reads a report; `None` when it is none.
pub(crate) fn read(bytes: &[u8]) -> Option<Ruled> {
    let text = String::from_utf8_lossy(bytes);
    let (_, element) = text.split_once("<result")?;
    let (attributes, rest) = element.split_once('>')?;
    let message = rest.split_once("</result>").map_or(rest, |(message, _)| message);
    let ruling = match attribute(attributes, "outcome")? {
        "accepted" => Ruling::Accepted,
        "wrong-answer" => Ruling::WrongAnswer,
        "presentation-error" | "unexpected-eof" => Ruling::Presentation,
        "fail" => Ruling::Failed,
        "points" => Ruling::Points(points(attribute(attributes, "points")?)?),
        "partially-correct" => Ruling::Partial(attribute(attributes, "pctype")?.parse().ok()?),
        _ => return None,
    };
    Some(Ruled::new(ruling, unescaped(message)))
}

/// The value of `name = "value"`, spaces around the sign allowed.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        let (key, after) = rest.split_once('=')?;
        let (value, after) = after.trim_start().strip_prefix('"')?.split_once('"')?;
        if key.trim() == name {
            return Some(value);
        }
        rest = after;
    }
}

/// Points as testlib prints them: a plain decimal from 0 to a million.
pub(crate) fn points(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = if plain { text.parse().ok()? } else { return None };
    (0.0..=1e6).contains(&value).then_some(value)
}

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'")];
    let text =
        entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(inner: &str) -> String {
        format!("<?xml version=\"1.0\" encoding=\"windows-1251\"?>{inner}\n")
    }

    #[test]
    fn a_report_says_outcome_points_and_message() {
        for (element, ruling, message) in [
            ("<result outcome = \"accepted\">3 numbers</result>", Ruling::Accepted, "3 numbers"),
            ("<result outcome = \"wrong-answer\">a &lt; b</result>", Ruling::WrongAnswer, "a < b"),
            ("<result outcome = \"presentation-error\"></result>", Ruling::Presentation, ""),
            ("<result outcome = \"unexpected-eof\">x</result>", Ruling::Presentation, "x"),
            ("<result outcome = \"fail\">&amp;lt;</result>", Ruling::Failed, "&lt;"),
            (
                "<result outcome = \"points\" points = \"37.5\">37.5 ok</result>",
                Ruling::Points(37.5),
                "37.5 ok",
            ),
            (
                "<result outcome = \"partially-correct\" pctype = \"13\">so</result>",
                Ruling::Partial(13),
                "so",
            ),
        ] {
            let expected = Some(Ruled::new(ruling, message));
            assert_eq!(read(report(element).as_bytes()), expected, "{element}");
        }
    }

    #[test]
    fn bytes_of_another_encoding_do_not_spoil_the_outcome() {
        let bytes = b"<result outcome = \"wrong-answer\">\xee\xf8\xe8\xe1\xea\xe0</result>";
        let ruled = read(bytes).unwrap();
        assert_eq!(ruled.ruling, Ruling::WrongAnswer);
        assert_eq!(ruled.message.chars().count(), 6);
    }

    #[test]
    fn what_is_no_report_is_none() {
        for text in [
            "",
            "ok",
            "<result>",
            "<result outcome = accepted></result>",
            "<result outcome = \"reserved\"></result>",
            "<result outcome = \"points\"></result>",
            "<result outcome = \"points\" points = \"-1\"></result>",
            "<result outcome = \"points\" points = \"nan\"></result>",
            "<result outcome = \"points\" points = \"1000001\"></result>",
            "<result outcome = \"partially-correct\" pctype = \"300\"></result>",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
