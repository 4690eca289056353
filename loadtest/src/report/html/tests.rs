use super::*;
use crate::journal::{Fact, LaneSample, Sample};
use crate::processes::Used;
use crate::record::testing::{judged, record, sent};
use std::path::Path;

fn sample(at_us: u64, trouble: Option<&str>) -> Fact {
    let lane = LaneSample {
        lane: "contest-any".to_owned(),
        pending: 3,
        in_flight: 2,
        oldest_ms: Some(40),
    };
    Fact::Sample(Box::new(Sample {
        at_us,
        lanes: vec![lane],
        nodes: 1,
        slots: 2,
        busy: 1,
        quarantined: 0,
        draining: 0,
        dead: 0,
        load: 0.5,
        used: Some(Used { node_us: at_us / 2, machine_us: at_us, ..Used::default() }),
        trouble: trouble.map(str::to_owned),
    }))
}

fn run() -> Record {
    let mut facts =
        vec![sample(0, None), sample(1_000_000, Some("<gone>")), sample(2_000_000, None)];
    for index in 0..20 {
        let planned = u64::try_from(index).unwrap() * 100_000;
        let label = if index == 7 { "WA exited" } else { "AC exited" };
        facts.push(sent(index, 0, planned));
        facts.push(Fact::Received { id: crate::journal::id(index), at_us: planned + 5_000 });
        facts.push(judged(index, label, planned + 20_000));
    }
    facts.push(Fact::End { at_us: 3_000_000, outstanding: 0 });
    let mut record = record(20, facts);
    record.start.thresholds = vec!["wait.p99<1s".to_owned()];
    record.start.mix = "<mine>".to_owned();
    record
}

#[test]
fn a_page_needs_nothing_but_itself_and_shows_what_a_run_has() {
    let record = run();
    let page = page(&record, &Report::new(&record, Path::new("dir")));
    for words in [
        "FAIL",
        "✓ holds: wait.p99&lt;1s",
        "✗ 1",
        "✓ 19",
        "Submissions per second",
        "By percentile",
        "contest-any",
        "s0000007",
        "&lt;mine&gt;",
        "1 s to 2 s: &lt;gone&gt;",
        "class=\"band\"",
        "Cores kept busy",
        "viewport",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for outside in ["http://", "https://", "<script", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for tag in ["svg", "figure", "table", "div", "section", "p", "ul"] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn a_run_of_which_nothing_is_known_still_has_a_page() {
    let record = record(0, []);
    let page = page(&record, &Report::new(&record, Path::new("dir")));
    assert!(page.contains("not measured") && page.contains("judged too little"));
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}
