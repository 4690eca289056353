//! Making every source its own, so that no build is reused, and giving its runs the time that runs
//! of real contests take.

use std::time::Duration;

use rand::Rng;
use rand_chacha::ChaCha12Rng;

use super::Program;

/// The longest time that is added to a run: half of the limit of the problem.
const LONGEST: Duration = Duration::from_millis(500);

/// How long runs take: a log-normal distribution, cut at half a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// Of the logarithm.
    mean: f64,
    deviation: f64,
}

impl Pace {
    /// From the mean and the standard deviation of the times themselves, both above zero.
    pub(super) fn new(mean: Duration, deviation: Duration) -> Self {
        let (mean, deviation) = (mean.as_secs_f64(), deviation.as_secs_f64());
        let variance = (deviation / mean).powi(2).ln_1p();
        Self { mean: mean.ln() - variance / 2.0, deviation: variance.sqrt() }
    }

    /// Draws the time of one submission's runs.
    pub(crate) fn draw(self, draws: &mut ChaCha12Rng) -> Duration {
        // Box and Muller's way from two even draws to a normal one.
        let (u, v): (f64, f64) = (draws.random(), draws.random());
        let normal = (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        let seconds = (self.mean + self.deviation * normal).exp();
        Duration::from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64()))
    }
}

/// The source with an end that nobody else's has, and, for a program that answers, with a start
/// that takes CPU time.
pub(crate) fn source(program: &Program, mark: &str, pace: Option<Duration>) -> Vec<u8> {
    let mut source = program.source.clone();
    let python = program.language.as_str().starts_with("python");
    let answers = program
        .expected
        .iter()
        .all(|label| matches!(crate::label::verdict(label), "AC" | "WA" | "PE"));
    let pace = pace.filter(|_| answers && !program.hostile);
    let comment = if python { "#" } else { "//" };
    let mut end = format!("\n{comment} {mark}\n");
    if let Some(pace) = pace {
        let ms = pace.as_millis();
        if python {
            let start = format!("import time\nwhile time.process_time() * 1000 < {ms}: pass\n");
            source.splice(0..0, start.into_bytes());
        } else {
            end = format!(
                "{end}#include <time.h>\n__attribute__((constructor)) static void \
                 minos_load_pace(void) {{\n    while (clock() * 1000.0 / CLOCKS_PER_SEC < {ms}) \
                 {{}}\n}}\n"
            );
        }
    }
    source.extend_from_slice(end.as_bytes());
    source
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn program(language: &str, expected: &str) -> Program {
        Program {
            name: "x".to_owned(),
            language: language.parse().unwrap(),
            source: b"body".to_vec(),
            problem: "p".to_owned(),
            expected: vec![expected.to_owned()],
            class: None,
            hostile: false,
            weight: 1.0,
        }
    }

    #[test]
    fn run_times_have_the_mean_that_was_asked_for() {
        let pace = Pace::new(Duration::from_millis(96), Duration::from_millis(84));
        let mut draws = ChaCha12Rng::seed_from_u64(1);
        let times: Vec<f64> = (0..20_000).map(|_| pace.draw(&mut draws).as_secs_f64()).collect();
        let mean = crate::num::mean(&times).unwrap();
        assert!((0.092..0.098).contains(&mean), "{mean}");
        assert!(times.iter().all(|time| *time <= 0.5));
    }

    #[test]
    fn only_programs_that_answer_are_slowed_down_and_all_are_distinct() {
        let pace = Some(Duration::from_millis(40));
        for (language, expected, slowed, end) in [
            ("cpp17", "AC exited", true, "// m"),
            ("c", "WA exited", true, "// m"),
            ("python3", "AC exited", true, "# m"),
            ("cpp17", "CE", false, "// m"),
            ("cpp17", "TLE cpu_time", false, "// m"),
        ] {
            let text = source(&program(language, expected), "m", pace);
            let text = String::from_utf8(text).unwrap();
            assert_eq!(text.contains("40"), slowed, "{text}");
            assert!(text.contains("body") && text.contains(end), "{text}");
        }
    }
}
