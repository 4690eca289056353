use minos_model::{By, Cause, Isolation, LimitKind, Repeat, Verdict};

use super::*;

fn test(name: &str, verdict: Verdict, cause: Cause, ending: Ending) -> TestResult {
    TestResult {
        name: name.to_owned(),
        group: None,
        verdict,
        score: None,
        cpu: CpuTime::from_micros(1200),
        wall: WallTime::from_micros(1900),
        memory: Bytes::new(1_310_720),
        cause: Some(cause),
        ending: Some(ending),
        comment: "ok 1 number".to_owned(),
        repeats: Vec::new(),
    }
}

fn judgement() -> Judgement {
    let over = Cause::Limit {
        limit: LimitKind::CpuTime,
        by: By::Watchdog,
        allowed: 1_000_000,
        observed: 1_000_950,
    };
    Judgement {
        submission: "s1".parse().unwrap(),
        tenant: "default".parse().unwrap(),
        generation: "1".parse().unwrap(),
        problem: JudgedProblem {
            id: "range-sums".parse().unwrap(),
            revision: Some("ab".repeat(32).parse().unwrap()),
        },
        language: "cpp17".parse().unwrap(),
        verdict: Verdict::TimeLimit,
        score: None,
        decided_by: Some("02".to_owned()),
        fault: None,
        compile: Some(CompileResult {
            ok: true,
            cached: false,
            cpu: CpuTime::from_micros(612_000),
            wall: WallTime::from_micros(640_000),
            log: String::new(),
        }),
        tests: vec![
            test("01", Verdict::Accepted, Cause::Exited, Ending::Exited { code: 0 }),
            test("02", Verdict::TimeLimit, over, Ending::Signalled { signal: 9 }),
        ],
        groups: Vec::new(),
        node: "n1".parse().unwrap(),
        attempt: 1,
        isolation: Some(Isolation::CgroupHybrid),
    }
}

#[test]
fn the_runs_of_a_test_that_was_run_again_are_there_and_read_back() {
    let mut judgement = judgement();
    let cause = judgement.tests[1].cause.clone().unwrap();
    judgement.tests[0].repeats = vec![Repeat {
        cpu: CpuTime::from_micros(1_000_950),
        wall: WallTime::from_micros(1_003_000),
        memory: Bytes::new(1_310_720),
        cause,
    }];
    let bytes = JudgementV1::from(&judgement).to_bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let expected = r#""comment":"ok 1 number","repeats":[{"cpu_us":1000950,"wall_us":1003000,"memory_bytes":1310720,"cause":{"kind":"limit""#;
    assert!(text.contains(expected), "{text}");
    let read: JudgementV1 = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(read.into_judgement().unwrap(), judgement);
}

#[test]
fn the_json_is_the_one_of_the_contract() {
    let text = String::from_utf8(JudgementV1::from(&judgement()).to_bytes()).unwrap();
    let golden = format!(
        concat!(
            r#"{{"schema":"minos.judgement/1","submission":"s1","problem":{{"name":"range-sums","revision":"{}"}},"#,
            r#""language":"cpp17","verdict":"TLE","big5":"TLE","score":null,"decided_by":"02","fault":null,"fault_message":null,"#,
            r#""compile":{{"ok":true,"cached":false,"cpu_us":612000,"wall_us":640000,"log":""}},"tests":["#,
            r#"{{"name":"01","group":null,"verdict":"AC","score":null,"cpu_us":1200,"wall_us":1900,"memory_bytes":1310720,"#,
            r#""cause":{{"kind":"exited","by":"self"}},"exit_code":0,"signal":null,"comment":"ok 1 number"}},"#,
            r#"{{"name":"02","group":null,"verdict":"TLE","score":null,"cpu_us":1200,"wall_us":1900,"memory_bytes":1310720,"#,
            r#""cause":{{"kind":"limit","limit":"cpu_time","by":"watchdog","allowed":1000000,"observed":1000950}},"exit_code":null,"signal":9,"comment":"ok 1 number"}}],"#,
            r#""cpu_us_max":1200,"memory_bytes_max":1310720,"node":"n1","attempt":1,"isolation":"cgroup-hybrid","tenant":"default","generation":1}}"#
        ),
        "ab".repeat(32)
    );
    assert_eq!(text, golden);
}

#[track_caller]
fn reads_back(judgement: &Judgement) {
    let bytes = JudgementV1::from(judgement).to_bytes();
    let wire: JudgementV1 = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(wire.into_judgement().as_ref(), Ok(judgement));
}

#[test]
fn a_judgement_reads_back_whatever_it_says() {
    reads_back(&judgement());
    for cause in
        [Cause::Signalled, Cause::Cancelled, Cause::Syscall { syscall: "ptrace".to_owned() }]
    {
        let mut judgement = judgement();
        judgement.tests[1].cause = Some(cause);
        reads_back(&judgement);
    }
    for fault in Fault::ALL {
        let mut judgement = judgement();
        judgement.verdict = Verdict::JudgeError;
        judgement.fault = Some((fault, "why".to_owned()));
        judgement.compile = None;
        judgement.isolation = None;
        judgement.problem.revision = None;
        judgement.tests.clear();
        reads_back(&judgement);
    }
    for verdict in Verdict::ALL {
        let mut judgement = judgement();
        judgement.verdict = verdict;
        judgement.score = Some(Score { points: 40.0, max: 100.0 });
        let score = Some(Score { points: 12.5, max: 30.0 });
        judgement.groups.push(GroupResult { name: "1".to_owned(), verdict, score });
        judgement.groups.push(GroupResult { name: "2".to_owned(), verdict, score: None });
        judgement.tests[0].cause = None;
        judgement.tests[0].ending = None;
        reads_back(&judgement);
    }
}

#[test]
fn a_judgement_that_is_too_large_loses_words_and_never_its_verdict() {
    let mut large = judgement();
    for index in 0..6000 {
        let mut test = large.tests[0].clone();
        test.name = format!("{index}");
        test.comment = "\u{7}".repeat(1024);
        large.tests.push(test);
    }
    let bytes = JudgementV1::from(&large).to_bytes();
    assert!(bytes.len() <= MAX_JUDGEMENT, "{}", bytes.len());
    let wire: JudgementV1 = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(wire.verdict.as_deref(), Some("TLE"));
    assert_eq!(wire.cpu_us_max, 1200);
    assert!(wire.tests.len() > 100);
}

#[test]
fn a_field_that_cannot_be_read_is_named() {
    let good = JudgementV1::from(&judgement());
    for (broken, field) in [
        (JudgementV1 { schema: "x".to_owned(), ..good.clone() }, "schema"),
        (JudgementV1 { verdict: None, ..good.clone() }, "verdict"),
        (JudgementV1 { generation: 0, ..good.clone() }, "generation"),
        (JudgementV1 { fault: Some("x".to_owned()), ..good.clone() }, "fault"),
        (JudgementV1 { isolation: Some("x".to_owned()), ..good }, "isolation"),
    ] {
        assert_eq!(broken.into_judgement().unwrap_err().field, field);
    }
}
