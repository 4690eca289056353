use super::*;
use rand::SeedableRng;

fn draws() -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(5)
}

#[test]
fn every_named_mix_is_whole_and_has_honest_programs() {
    for (name, _) in NAMED {
        let mix = Mix::load(Some(name)).unwrap();
        assert!(mix.programs().iter().any(|program| !program.hostile), "{name}");
        let problems = mix.problems();
        assert_eq!(problems.len(), 1, "{name}");
        let drawn = mix.draw(100, mix.hostile, &mut draws()).unwrap();
        assert_eq!(drawn.len(), 100, "{name}");
    }
}

#[test]
fn the_share_of_hostile_programs_is_the_one_that_was_asked_for() {
    let mix = Mix::load(None).unwrap();
    for (share, least, most) in [(0.0, 0, 0), (0.2, 1_800, 2_200), (1.0, 10_000, 10_000)] {
        let drawn = mix.draw(10_000, share, &mut draws()).unwrap();
        let hostile = drawn.iter().filter(|index| mix.programs()[**index].hostile).count();
        assert!((least..=most).contains(&hostile), "{share}: {hostile}");
    }
}

#[test]
fn the_verdicts_of_the_icpc_mix_are_those_of_real_contests() {
    let mix = Mix::load(Some("icpc")).unwrap();
    let drawn = mix.draw(100_000, 0.0, &mut draws()).unwrap();
    for (verdict, percent) in [("AC", 28.8), ("WA", 54.0), ("RTE", 4.9), ("TLE", 10.4)] {
        let is = |index: &&usize| mix.programs()[**index].expected[0].starts_with(verdict);
        let got = crate::num::float_len(drawn.iter().filter(is).count()) / 1_000.0;
        assert!((got - percent).abs() < 1.0, "{verdict}: {got} %");
    }
}

#[test]
fn hostile_classes_have_their_shares_whatever_their_number_of_programs() {
    let mix = Mix::load(Some("icpc")).unwrap();
    let drawn = mix.draw(100_000, 1.0, &mut draws()).unwrap();
    for (class, percent) in [
        ("cpu", 30.0),
        ("memory", 20.0),
        ("output", 15.0),
        ("processes", 15.0),
        ("compile", 10.0),
        ("escape", 10.0),
    ] {
        let is = |index: &&usize| mix.programs()[**index].class.as_deref() == Some(class);
        let got = crate::num::float_len(drawn.iter().filter(is).count()) / 1_000.0;
        assert!((got - percent).abs() < 1.0, "{class}: {got} %");
    }
}

#[test]
fn a_mix_that_reuses_no_build_has_no_two_sources_alike_and_a_warm_one_has() {
    for (name, alike) in [("icpc", false), ("warm", true)] {
        let mix = Mix::load(Some(name)).unwrap();
        let program = &mix.programs()[0];
        let mut draws = draws();
        let one = mix.source(program, "1", &mut draws);
        assert_eq!(one == mix.source(program, "2", &mut draws), alike, "{name}");
    }
}

#[test]
fn a_warm_mix_draws_no_hostile_program_unless_asked_and_builds_none_before() {
    let mix = Mix::load(Some("warm")).unwrap();
    assert_eq!(mix.generated().count(), 256);
    assert!(mix.generated().all(|(_, program)| !program.hostile));
    let drawn = mix.draw(1_000, mix.hostile, &mut draws()).unwrap();
    assert!(drawn.iter().all(|index| !mix.programs()[*index].hostile));
}

#[test]
fn a_storm_beside_another_mix_draws_only_generated_programs() {
    let mut mix = Mix::load(Some("icpc")).unwrap();
    let before = mix.programs().len();
    let storm = mix.add_warm().unwrap();
    assert!(storm.iter().all(|index| *index >= before));
    let drawn = mix.draw(10_000, 0.0, &mut draws()).unwrap();
    assert!(drawn.iter().all(|index| *index < before));
    assert_eq!(mix.problems().len(), 2);
}

#[test]
fn a_mix_that_does_not_hold_together_is_refused_with_its_place() {
    for (text, words) in [
        ("", "problem"),
        ("problem = 'p'", "no programs"),
        ("problem = 'p'\n[honest]\nnobody = 1", "mine: honest.nobody: the corpus has no such"),
        ("problem = 'p'\n[honest]\nsums-c = 0", "mine: honest.sums-c: not above 0"),
        ("problem = 'p'\n[hostile_classes]\nlunch = 1", "hostile_classes.lunch"),
        ("problem = 'p'\nhostile_share = 20\n[honest]\nsums-c = 1", "hostile_share"),
        ("problem = 'p'\nwarm = true", "warm-sums"),
        ("problem = 'p'\npace = { mean = '0s', deviation = '1s' }\n[honest]\nsums-c = 1", "pace"),
        ("problem = 'p'\nlunch = 1", "lunch"),
    ] {
        let error = format!("{:#}", Mix::parse(text, "mine", None).unwrap_err());
        assert!(error.contains(words) && error.contains("mine"), "{text}: {error}");
    }
    let error = format!("{:#}", Mix::load(Some("/nowhere/mix.toml")).unwrap_err());
    assert!(error.contains("practice") && error.contains("FILE"), "{error}");
}

#[test]
fn programs_of_ones_own_stand_beside_the_mix() {
    let dir = tempfile::tempdir().unwrap();
    let mine = dir.path().join("mine/answer");
    std::fs::create_dir_all(&mine).unwrap();
    let file = dir.path().join("mix.toml");
    std::fs::write(&file, "problem = 'p'\nprograms = 'mine'\n[honest]\nanswer = 1\n").unwrap();
    std::fs::write(mine.join("source.c"), "int main;").unwrap();
    let error = format!("{:#}", Mix::load(file.to_str()).unwrap_err());
    assert!(error.contains("honest.answer") && error.contains("no expect.toml"), "{error}");
    std::fs::write(mine.join("expect.toml"), "language = 'c'\nverdict = 'AC'\n").unwrap();
    let mix = Mix::load(file.to_str()).unwrap();
    assert_eq!(mix.programs()[0].name, "honest/answer");
}
