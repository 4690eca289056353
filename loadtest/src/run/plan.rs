//! What is sent, and when: drawn before the run, from the seed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use minos_model::{Tenant, WallTime};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use crate::args::RunArgs;
use crate::corpus::Mix;
use crate::journal::{Fact, micros};
use crate::profile::{Profile, STEPS};
use crate::rate::Share;
use crate::schedule;
use crate::threshold::Threshold;

/// So much of a plan stands on one line of the journal.
const PIECE: usize = 1_000;

/// What `breakpoint` holds the cluster to when no threshold speaks of the wait.
const USUAL_PROMISE: &str = "wait.p99<1s";

/// What is sent, and when.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) tenant: Tenant,
    pub(crate) duration: Duration,
    pub(crate) hostile: f64,
    pub(crate) times: Vec<Duration>,
    /// For each time an index into the programs of the mix; then those of the storm.
    pub(crate) programs: Vec<usize>,
    /// When the storm begins.
    pub(crate) storm_at: Duration,
    pub(crate) seed: u64,
}

/// A promise that is looked at step by step while a run climbs.
#[derive(Debug, Clone)]
pub(crate) struct Promise {
    pub(crate) threshold: Threshold,
    /// The percentile of the wait that it speaks of.
    pub(crate) percentile: f64,
    /// How long one step is.
    pub(crate) step: Duration,
}

impl Plan {
    /// Draws times and programs: two streams of draws, so that the programs stay the same when only
    /// the rate changes.
    ///
    /// # Errors
    /// When there is nothing to send, or too much.
    pub(crate) fn draw(args: &RunArgs, mix: &mut Mix) -> Result<Self> {
        let asked = args.duration.map_or_else(|| args.profile.natural(), WallTime::duration);
        let duration = match args.time_scale {
            Some(scale) => scale.apply(asked),
            None => asked,
        };
        if duration.is_zero() {
            bail!("--duration: must be above zero");
        }
        // Shapes that are made of minutes keep their proportions when time is scaled.
        let curve = args.profile.curve(asked)?;
        let mean = args.rate.per_second() * args.profile.mean_share();
        if mean * duration.as_secs_f64() > crate::num::float_len(schedule::MOST) {
            bail!("--rate and --duration make more than {} submissions", schedule::MOST);
        }
        let times = schedule::poisson(mean, &curve, duration, args.seed);
        if times.is_empty() {
            bail!("--rate and --duration leave nothing to send; raise one of them");
        }
        let hostile = args.hostile.map_or(mix.hostile, Share::get);
        let mut draws = ChaCha12Rng::seed_from_u64(args.seed);
        draws.set_stream(1);
        let mut programs = mix.draw(times.len(), hostile, &mut draws)?;
        if args.profile == Profile::Rejudge {
            let storm = mix.add_warm()?;
            programs.extend(
                storm.iter().cycle().take(usize::try_from(args.storm).unwrap_or(usize::MAX)),
            );
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let tenant = Tenant::new(format!("load-{}-{}", now.as_millis(), std::process::id()))?;
        let storm_at = duration / 4;
        Ok(Self { tenant, duration, hostile, times, programs, storm_at, seed: args.seed })
    }

    /// The plan as the journal keeps it; the storm is due all at once.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Fact> {
        let storm = std::iter::repeat_n(self.storm_at, self.storm_size());
        let planned: Vec<u64> = self.times.iter().copied().chain(storm).map(micros).collect();
        let starts = (0..planned.len()).step_by(PIECE);
        starts.map(move |from| Fact::Plan {
            from,
            planned_us: planned.iter().skip(from).take(PIECE).copied().collect(),
            programs: self.programs.iter().skip(from).take(PIECE).copied().collect(),
        })
    }

    /// Rejudgings of the storm.
    pub(crate) fn storm_size(&self) -> usize {
        self.programs.len() - self.times.len()
    }

    /// What a climbing run is held to, step by step.
    pub(crate) fn promise(&self, thresholds: &[Threshold]) -> Promise {
        let usual = || USUAL_PROMISE.parse().expect("a threshold that is a constant");
        let of_wait = |threshold: &&Threshold| threshold.measure().of_wait().is_some();
        let threshold = thresholds.iter().find(of_wait).cloned().unwrap_or_else(usual);
        let percentile = threshold.measure().of_wait().unwrap_or(99.0);
        let steps = u32::try_from(STEPS).unwrap_or(1);
        Promise { threshold, percentile, step: self.duration / steps }
    }

    /// In one line.
    pub(crate) fn in_words(&self) -> String {
        let storm = match self.storm_size() {
            0 => String::new(),
            size => format!(" and {size} rejudgings at once"),
        };
        let seconds = self.duration.as_secs_f64();
        let rate = crate::num::float_len(self.times.len()) / seconds;
        format!("sending {} submissions{storm} in {seconds:.0} s ({rate:.1}/s)", self.times.len())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Verb};

    fn plan(more: &str) -> Plan {
        let words = format!("minos-load run {more}");
        let verb = Cli::try_parse_from(words.split_whitespace()).unwrap().verb;
        let Verb::Run(args) = verb else { unreachable!("it is a run") };
        let mut mix = Mix::load(args.mix.as_deref()).unwrap();
        Plan::draw(&args, &mut mix).unwrap()
    }

    #[test]
    fn a_profile_sends_as_much_as_it_says() {
        for (more, least, most) in [
            ("--rate 100/s --duration 10s", 850, 1_150),
            ("--rate 100/s --duration 100s --time-scale 10", 850, 1_150),
            ("--rate 100/s --duration 10s --profile soak", 550, 850),
            ("--rate 100/s --duration 12s --profile breakpoint", 530, 770),
            ("--rate 100/s --duration 10s --profile icpc-5h", 850, 1_150),
        ] {
            let count = plan(more).times.len();
            assert!((least..=most).contains(&count), "{more}: {count}");
        }
    }

    #[test]
    fn the_same_seed_sends_the_same_and_another_one_something_else() {
        let drawn = |seed: u32| {
            let plan = plan(&format!("--rate 20/s --duration 10s --seed {seed}"));
            (plan.times, plan.programs)
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn a_storm_stands_behind_the_others_and_in_the_journal() {
        let plan = plan("--rate 300/s --duration 10s --profile rejudge --storm 500");
        assert_eq!((plan.storm_size(), plan.storm_at), (500, Duration::from_millis(2_500)));
        let mut count = 0;
        for piece in plan.pieces() {
            let Fact::Plan { from, planned_us, programs } = piece else { unreachable!("a plan") };
            assert_eq!((from, planned_us.len()), (count, programs.len()));
            count += programs.len();
        }
        assert_eq!(count, plan.programs.len());
    }
}
