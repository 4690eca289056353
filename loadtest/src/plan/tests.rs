use clap::Parser as _;

use super::testing::costs;
use super::*;
use crate::args::{Cli, Verb};

fn args(more: &str) -> PlanArgs {
    let words = format!("minos-load plan --costs c {more}");
    let verb = Cli::try_parse_from(words.split_whitespace()).unwrap().verb;
    let Verb::Plan(args) = verb else { unreachable!("it is a plan") };
    args
}

#[test]
fn a_steady_load_needs_as_many_slots_as_it_keeps_busy_and_a_few_more() {
    // 100 a second, 100 ms each: ten slots are busy all the time.
    let args = args("--rate 100/s --duration 5m --wait p99<1s --seeds 3");
    let plan = plan(&args, &costs(90.0, Some(10.0))).unwrap();
    let slots = plan.slots.unwrap();
    assert!((11..=13).contains(&slots), "{slots}");
    assert_eq!(plan.nodes, Some(u64::from(slots.div_ceil(2))));
    assert_eq!((plan.tried.len(), plan.one_less.len()), (3, 3));
    let words = plan.in_words();
    assert!(words.contains("holds") && words.contains("broken"), "{words}");
}

#[test]
fn the_last_hour_of_a_contest_needs_more_than_its_mean() {
    let steady = plan(&args("--rate 5/s --duration 1h --seeds 1"), &costs(400.0, None)).unwrap();
    let more = "--rate 5/s --profile last-hour --seeds 1";
    let hour = plan(&args(more), &costs(400.0, None)).unwrap();
    let (steady, hour) = (steady.slots.unwrap(), hour.slots.unwrap());
    // Its last minute has six times the mean.
    assert!(hour > steady * 2 && hour < steady * 8, "{hour} against {steady}");
}

#[test]
fn a_given_number_of_slots_is_played_and_not_searched() {
    let plan = plan(&args("--rate 100/s --slots 5 --seeds 1"), &costs(100.0, None)).unwrap();
    assert_eq!(plan.slots, None);
    assert_eq!(plan.tried.len(), 1);
}

#[test]
fn a_wait_that_no_slot_can_shorten_has_no_plan() {
    let mut costs = costs(1.0, None);
    costs.dispatch_ms =
        Some(crate::report::Distribution { count: 30, mean: 50.0, quantiles: vec![50.0] });
    let plan = plan(&args("--rate 10/s --wait p50<20ms --seeds 1"), &costs).unwrap();
    assert_eq!(plan.slots, None);
    assert!(plan.in_words().contains("none"), "{}", plan.in_words());
}

#[test]
fn what_is_no_costs_file_is_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let good = serde_json::to_value(costs(1.0, None)).unwrap();
    let mut endless = good.clone();
    endless["full_ms"]["quantiles"] = serde_json::json!([]);
    for (text, words) in [
        (String::new(), "not a report"),
        ("{}".to_owned(), "expected `minos.load/1`"),
        ("{\"schema\":\"minos.load/1\",\"costs\":null}".to_owned(), "judged too little"),
        ("{\"schema\":\"minos.load-costs/1\"}".to_owned(), "costs: missing field"),
        (endless.to_string(), "no times of judging"),
    ] {
        let path = dir.path().join("costs.json");
        std::fs::write(&path, &text).unwrap();
        let error = format!("{:#}", read(&path).unwrap_err());
        assert!(error.contains(words) && !error.contains('\n'), "{text}: {error}");
        assert!(error.contains("costs.json"), "{error}");
    }
    std::fs::write(dir.path().join("report.json"), good.to_string()).unwrap();
    assert_eq!(read(dir.path()).unwrap(), costs(1.0, None));
}
