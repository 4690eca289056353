//! What somebody at the terminal sees while a run goes on; all of it on stderr.

use std::collections::VecDeque;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::watch::Watch;
use crate::journal::Sample;
use crate::num::{float, quantile};

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Waits that are shown are of the last so many submissions.
const RECENT: usize = 1_000;

/// A bar on a terminal, lines elsewhere.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    total: usize,
    waits: VecDeque<f64>,
    slots: String,
    last_line: Instant,
    began: Instant,
}

impl Progress {
    /// Of a run of so many submissions.
    pub(super) fn new(total: usize) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|value| value == "dumb");
        let bar = (!dumb && std::io::stderr().is_terminal()).then(|| {
            let length = u64::try_from(total).unwrap_or(u64::MAX);
            let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
            let style =
                ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos}/{len} {msg}");
            style.map(|style| bar.set_style(style)).ok();
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            total,
            waits: VecDeque::new(),
            slots: String::new(),
            last_line: now,
            began: now,
        }
    }

    /// A slot took one that was to be sent then.
    pub(super) fn received(&mut self, planned: Option<Duration>, at: Duration) {
        let Some(planned) = planned else { return };
        if self.waits.len() >= RECENT {
            self.waits.pop_front();
        }
        self.waits.push_back(at.saturating_sub(planned).as_secs_f64());
    }

    /// How the cluster stands.
    pub(super) fn sample(&mut self, sample: &Sample) {
        let pending: u64 = sample.lanes.iter().map(|lane| lane.pending).sum();
        self.slots = match &sample.trouble {
            Some(trouble) => trouble.clone(),
            None => format!("{} of {} slots busy, {pending} waiting", sample.busy, sample.slots),
        };
    }

    /// Shows where the run stands.
    pub(super) fn show(&mut self, watch: &Watch, sending: bool) {
        let mut waits: Vec<f64> = self.waits.iter().copied().collect();
        waits.sort_by(f64::total_cmp);
        let wait = match quantile(&waits, 0.99) {
            Some(wait) => format!("wait p99 {wait:.2} s"),
            None => "no wait yet".to_owned(),
        };
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let judged = float(u64::try_from(watch.judged_count).unwrap_or(0)) / seconds;
        let state = if sending { "sending" } else { "all sent" };
        let line = format!(
            "{state}: {} stored, {} judged ({judged:.1}/s), {wait}, {}",
            watch.stored_count, watch.judged_count, self.slots
        );
        if let Some(bar) = &self.bar {
            bar.set_position(u64::try_from(watch.judged_count).unwrap_or(0));
            bar.set_message(line);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            crate::note(&format!("{line}; {} in all", self.total));
        }
    }

    /// The run is over.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
