use super::*;
use crate::journal::Fact;
use crate::record::testing::{judged, record, sent};

/// A hundred submissions, one each 100 ms, each taken 20 ms after its time; the first `late` of
/// them leave 6 ms late.
fn facts(late: u64) -> Vec<Fact> {
    (0..100_u64)
        .flat_map(|index| {
            let planned_us = index * 100_000;
            let id = journal::id(usize::try_from(index).unwrap());
            let sent_us = planned_us + if index < late { 6_000 } else { 0 };
            let sent = Fact::Sent {
                id: id.clone(),
                program: 0,
                planned_us,
                sent_us,
                acked_us: sent_us + 1_000,
                storm: false,
            };
            [sent, Fact::Received { id, at_us: planned_us + 20_000 }]
        })
        .collect()
}

fn report(late: u64, thresholds: &[&str]) -> Report {
    let mut record = record(100, facts(late));
    record.start.thresholds = thresholds.iter().map(|&text| text.to_owned()).collect();
    Report::new(&record, Path::new("dir"))
}

#[test]
fn every_promised_key_is_there() {
    let value = serde_json::to_value(report(0, &[])).unwrap();
    for key in [
        "offered_per_s",
        "achieved_per_s",
        "submitted",
        "judged",
        "lost",
        "duplicated",
        "wrong_verdicts",
        "judge_errors",
        "late_sends",
        "wait_ms",
        "total_ms",
        "cpu_ms_per_submission",
        "by_cause",
    ] {
        assert!(value.get(key).is_some(), "{key}");
    }
    assert_eq!(value["schema"], "minos.load/1");
    let p99 = value["wait_ms"]["p99"].as_f64().unwrap();
    assert!((20.0..20.1).contains(&p99), "{p99}");
    assert_eq!(value["by_cause"], serde_json::json!([["AC exited", "none", 100]]));
    for key in ["compile", "run", "judge"] {
        assert!(value["cpu_ms_per_submission"].get(key).is_some(), "{key}");
    }
}

#[test]
fn a_late_generator_claims_no_time_but_still_counts() {
    let report = report(1, &["wait.p99<1h", "lost==100"]);
    assert!(!report.claim.valid);
    assert!(report.in_words().contains("no claim"), "{}", report.in_words());
    let holds: Vec<bool> = report.thresholds.iter().map(|held| held.holds).collect();
    assert_eq!(holds, [false, true]);
    assert!(self::report(0, &["wait.p99<1h"]).thresholds[0].holds);
}

#[test]
fn every_way_a_submission_can_end_has_its_column() {
    let id = || journal::id(0);
    let unsent =
        Fact::Refused { id: id(), program: 0, planned_us: 0, sent_us: 0, why: "full".to_owned() };
    let sent = || sent(0, 0, 0);
    type Column = fn(&Sums) -> u64;
    let rows: [(Vec<Fact>, Column, bool); 10] = [
        (vec![sent(), judged(0, "AC exited", 9)], |sums| sums.judged, true),
        (vec![sent(), judged(0, "WA exited", 9)], |sums| sums.wrong_verdicts, false),
        (vec![sent(), judged(0, "AC cpu_time", 9)], |sums| sums.wrong_causes, true),
        (vec![sent(), judged(0, "JE node", 9)], |sums| sums.judge_errors, false),
        (vec![sent(), judged(0, "CS", 9)], |sums| sums.cancelled, true),
        (vec![sent()], |sums| sums.lost, false),
        (vec![sent(), Fact::Pending { id: id() }], |sums| sums.outstanding, false),
        (vec![judged(0, "AC exited", 9)], |sums| sums.recovered, true),
        (vec![unsent], |sums| sums.refused, false),
        (
            vec![sent(), judged(0, "AC exited", 9), judged(0, "AC exited", 10)],
            |sums| sums.duplicated,
            false,
        ),
    ];
    for (facts, column, clean) in rows {
        let sums = Sums::of(&record(1, facts.clone()));
        assert_eq!(column(&sums), 1, "{facts:?}");
        assert_eq!(sums.is_clean(), clean, "{facts:?}");
        let sum = sums.judged + sums.cancelled + sums.dead_lettered + sums.outstanding + sums.lost;
        assert_eq!(sums.submitted, sum, "{facts:?}");
    }
}

#[test]
fn a_verdict_whose_sending_was_not_written_down_is_held_against_the_plan() {
    let plan = Fact::Plan { from: 0, planned_us: vec![0, 5_000], programs: vec![0, 1] };
    let facts = [plan, judged(1, "CTL", 9_000)];
    let record = record(2, facts);
    let sums = Sums::of(&record);
    assert_eq!((sums.recovered, sums.submitted, sums.wrong_verdicts), (1, 1, 0));
    assert_eq!(record.entries()[1].total(), Some(4_000));
}

#[test]
fn a_killed_run_says_how_to_go_on() {
    let report = report(0, &[]);
    assert!(report.notes.iter().any(|note| note.contains("minos-load verify")));
}
