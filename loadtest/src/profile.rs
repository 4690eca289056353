//! Profiles: how the rate goes over a run, and how long such a run is by nature.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::curve::Curve;
use crate::num::float;

/// Five hours of a contest, minute by minute; the file names its source.
const ICPC: &str = include_str!("../profiles/icpc-5h.curve");
/// Everything of `flash` is sent in this time.
const FLASH: Duration = Duration::from_secs(60);
/// What `soak` leaves of the rate.
const SOAK: f64 = 0.7;
/// `breakpoint` climbs in so many steps of equal length.
pub(crate) const STEPS: usize = 12;

/// How the rate goes over a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Profile {
    /// The same all the time.
    Steady,
    /// Everything in the first 60 seconds.
    Flash,
    /// The last hour of an ICPC-style contest: the last minute is its busiest.
    LastHour,
    /// Five hours of an ICPC-style contest.
    Icpc,
    /// A quiet start, a peak at minute 2, then a decay: rounds where problems open at once.
    SpikeStart,
    /// The same all the time, while a storm of rejudgings fills a lane of its own.
    Rejudge,
    /// 70 % of the rate, for hours.
    Soak,
    /// Climbs to the rate in steps, until the promise breaks.
    Breakpoint,
    /// A curve of one's own.
    File(PathBuf),
}

const NAMED: [(&str, Profile); 8] = [
    ("steady", Profile::Steady),
    ("flash", Profile::Flash),
    ("last-hour", Profile::LastHour),
    ("icpc-5h", Profile::Icpc),
    ("spike-start", Profile::SpikeStart),
    ("rejudge", Profile::Rejudge),
    ("soak", Profile::Soak),
    ("breakpoint", Profile::Breakpoint),
];

impl Profile {
    /// The name it is asked for by.
    pub(crate) fn name(&self) -> String {
        if let Self::File(path) = self {
            return path.display().to_string();
        }
        let named = NAMED.iter().find(|(_, profile)| profile == self);
        named.map_or("", |(name, _)| name).to_owned()
    }

    /// How long such a run is when nobody says.
    pub(crate) fn natural(&self) -> Duration {
        let minutes = match self {
            Self::Steady => 1,
            Self::Flash => 5,
            Self::LastHour | Self::SpikeStart | Self::File(_) => 60,
            Self::Icpc => 300,
            Self::Rejudge | Self::Breakpoint => 10,
            Self::Soak => 480,
        };
        Duration::from_secs(minutes * 60)
    }

    /// What becomes of the rate that was asked for.
    pub(crate) const fn scale(&self) -> f64 {
        if matches!(self, Self::Soak) { SOAK } else { 1.0 }
    }

    /// The shape over a run of that length.
    ///
    /// # Errors
    /// When the file of a curve cannot be read or does not parse.
    pub(crate) fn curve(&self, duration: Duration) -> Result<Curve> {
        let minutes = duration.as_secs_f64() / 60.0;
        match self {
            Self::Steady | Self::Rejudge | Self::Soak => Ok(Curve::flat()),
            Self::Flash => {
                let share = (FLASH.as_secs_f64() / duration.as_secs_f64().max(1e-9)).min(1.0);
                let loud = crate::num::whole(share * 1_000.0).max(1);
                Curve::new((0..1_000).map(|at| if at < loud { 1.0 } else { 0.0 }).collect())
            }
            Self::Icpc => Curve::parse(ICPC, "icpc-5h.curve"),
            Self::LastHour => Ok(Curve::parse(ICPC, "icpc-5h.curve")?.tail(0.2)),
            Self::SpikeStart => {
                // A minute of reading, a minute of climbing, then half as much every ten minutes.
                let rate = |at: u64| {
                    let minute = float(at) * minutes.max(2.0) / 600.0;
                    let climb = (minute - 1.0).clamp(0.02, 1.0);
                    climb * (-(minute - 2.0).max(0.0) / 10.0 * std::f64::consts::LN_2).exp()
                };
                Curve::new((0..600).map(rate).collect())
            }
            // Its mean is half of its end: the rate that was asked for is the last step's.
            Self::Breakpoint => Curve::new((1..=12_u32).map(f64::from).collect()),
            Self::File(path) => Curve::read(path).context("--profile"),
        }
    }

    /// The mean rate over the run, as a share of the rate that was asked for.
    pub(crate) fn mean_share(&self) -> f64 {
        if matches!(self, Self::Breakpoint) { 6.5 / 12.0 } else { self.scale() }
    }
}

impl std::str::FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, profile)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(profile.clone());
        }
        let path = PathBuf::from(text);
        if path.is_file() {
            return Ok(Self::File(path));
        }
        let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
        Err(format!("there is no such profile and no such file; there is {}", names.join(", ")))
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Display for TimeScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How much faster than life a profile is played: 1 and above, or a share of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TimeScale(f64);

impl TimeScale {
    /// How long a run of `duration` takes at this scale.
    pub(crate) fn apply(self, duration: Duration) -> Duration {
        duration.div_f64(self.0)
    }
}

impl std::str::FromStr for TimeScale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().trim_end_matches(['x', 'X']);
        match number.parse::<f64>() {
            Ok(scale) if (0.01..=10_000.0).contains(&scale) => Ok(Self(scale)),
            Ok(_) | Err(_) => {
                Err(format!("`{text}` is no time scale (a number from 0.01 to 10000, like 30)"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_profile_has_a_curve() {
        for (name, _) in NAMED {
            let profile: Profile = name.parse().unwrap();
            assert_eq!(profile.name(), name);
            let curve = profile.curve(profile.natural()).unwrap();
            let mean = curve.pieces().iter().sum::<f64>() / float(curve.pieces().len() as u64);
            assert!((mean - 1.0).abs() < 1e-9, "{name}: {mean}");
        }
        assert!("lunch".parse::<Profile>().unwrap_err().contains("last-hour"));
    }

    #[test]
    fn a_contest_has_three_hundred_minutes_and_the_last_is_the_busiest() {
        let curve = Profile::Icpc.curve(Profile::Icpc.natural()).unwrap();
        assert_eq!(curve.pieces().len(), 300);
        let peak = curve.pieces().iter().copied().fold(0.0, f64::max);
        assert_eq!(curve.pieces().last(), Some(&peak));
        assert!((9.0..10.0).contains(&peak), "{peak}");
        let hour = Profile::LastHour.curve(Profile::LastHour.natural()).unwrap();
        assert_eq!(hour.pieces().len(), 60);
        let peak = hour.pieces().last().copied().unwrap();
        assert!((5.0..7.0).contains(&peak), "{peak}");
    }

    #[test]
    fn a_flash_is_over_after_a_minute() {
        for (seconds, loud) in [(600, 100), (60, 1_000), (30, 1_000)] {
            let curve = Profile::Flash.curve(Duration::from_secs(seconds)).unwrap();
            let sent = curve.pieces().iter().filter(|rate| **rate > 0.0).count();
            assert_eq!(sent, loud, "{seconds} s");
        }
    }

    #[test]
    fn a_time_scale_shortens_the_run() {
        let hour = Duration::from_secs(3_600);
        for (text, seconds) in [("1", 3_600), ("60", 60), ("2x", 1_800), ("0.5", 7_200)] {
            let scale: TimeScale = text.parse().unwrap();
            assert_eq!(scale.apply(hour), Duration::from_secs(seconds), "{text}");
        }
        for text in ["", "0", "-2", "fast", "1e9"] {
            assert!(text.parse::<TimeScale>().is_err(), "{text}");
        }
    }
}
