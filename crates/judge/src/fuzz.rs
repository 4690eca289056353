//! Whatever the jury's programs leave behind, its readers neither panic nor make points of it that
//! nobody gave.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::fake::{exited, signalled};
use crate::protocol::{self, Calling, Left};
use crate::report;
use crate::ruling::{MAX_COMMENT, Ruling};
use crate::scores::Scores;
use crate::{compare_default, feedback};

/// Bytes that are often, but not always, what a report is made of.
fn reportish() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "<?xml version=\"1.0\" encoding=\"windows-1251\"?>",
        "<result outcome = \"",
        "accepted",
        "points",
        "partially-correct",
        "\" points = \"",
        "\" pctype = \"",
        "\">",
        "</result>",
        "&lt;",
        "&",
        "\"",
        "=",
        "37.5",
        "1e9",
        "-1",
        "points 12.5 ",
        "partially correct (",
        ")",
        "ok ",
        "wrong answer ",
        "\u{43e}\u{43a}",
        "\n",
    ]);
    let part = prop_oneof![
        4 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..8),
    ];
    vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_testlib_checker_may_leave_anything(
        xml in prop::option::of(reportish()),
        stderr in reportish(),
        code in any::<u8>(),
        signal in prop::option::of(1_u8..64),
    ) {
        let report = signal.map_or_else(|| exited(code), signalled);
        let left = Left { report: &report, xml: xml.as_deref(), stderr: &stderr };
        for calling in [Calling::Testlib, Calling::TestlibForScorer, Calling::ExitCode] {
            let Ok(ruled) = protocol::ruled(calling, left) else { continue };
            prop_assert!(signal.is_none(), "a checker that crashed ruled {ruled:?}");
            prop_assert!(ruled.comment().len() <= MAX_COMMENT);
            if let Ruling::Points(points) = ruled.ruling {
                prop_assert!((0.0..=1e6).contains(&points) && code == 7, "{points} by {code}");
            }
        }
    }

    #[test]
    fn a_report_reads_back_whatever_its_message_is(message in "[^<>&\"']{0,40}", k in 0_u8..=100) {
        let element = format!(
            "<result outcome = \"partially-correct\" pctype = \"{k}\">{message}</result>"
        );
        let ruled = report::read(element.as_bytes()).unwrap();
        prop_assert_eq!(ruled.ruling, Ruling::Partial(k));
        prop_assert_eq!(ruled.message, message);
    }

    #[test]
    fn a_validator_may_leave_anything_in_its_folder(
        code in prop_oneof![Just(42_u8), Just(43), any::<u8>()],
        files in vec(prop::option::of(vec(any::<u8>(), 0..20)), 4),
        next_pass in any::<bool>(),
        scores in prop::sample::select(vec![
            Scores::Ignored,
            Scores::Any,
            Scores::Either,
            Scores::Forbidden,
            Scores::UpTo(5.0),
            Scores::Unbounded,
        ]),
    ) {
        let file = |at: usize| files.get(at).cloned().flatten();
        let left = feedback::Left {
            judge: file(0),
            team: file(1),
            score: file(2),
            multiplier: file(3),
            next_pass,
        };
        let Ok(ruled) = feedback::ruled(&exited(code), &left, b"", scores) else {
            return Ok(());
        };
        prop_assert!(code == 42 || code == 43);
        prop_assert_eq!(ruled.ruling == Ruling::WrongAnswer, code == 43);
        prop_assert!(ruled.comment().len() <= MAX_COMMENT);
        if let Ruling::Points(points) = ruled.ruling {
            prop_assert!(points.is_finite());
            prop_assert!(!matches!(scores, Scores::Ignored | Scores::Forbidden));
            prop_assert!(matches!(scores, Scores::Any | Scores::Either) || points >= 0.0);
        }
        if let Ruling::Share(share) = ruled.ruling {
            prop_assert!(matches!(scores, Scores::Either | Scores::UpTo(_)));
            prop_assert!((0.0..=1.0).contains(&share));
        }
    }

    #[test]
    fn any_output_is_compared_and_an_answer_equals_itself(
        output in vec(any::<u8>(), 0..60),
        answer in "[ -~\n]{0,60}",
        tolerance in prop::option::of(0.0_f64..1.0),
    ) {
        let rules = minos_problem::Comparison {
            float_absolute: tolerance,
            ..minos_problem::Comparison::default()
        };
        let _ruled = compare_default(rules, &output, answer.as_bytes());
        let same = compare_default(rules, answer.as_bytes(), answer.as_bytes());
        prop_assert_eq!(same.ruling, Ruling::Accepted);
    }
}
