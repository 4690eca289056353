//! The report for a person at a terminal.

use super::Report;

impl Report {
    /// The whole report.
    pub(crate) fn in_words(&self) -> String {
        let mut lines = vec![
            format!(
                "run       {} {}, {} nodes, {}",
                self.profile,
                self.mix,
                self.nodes.len(),
                self.machine.in_words()
            ),
            format!(
                "offered   {:.1}/s   judged {:.1}/s   seed {}",
                self.offered_per_s, self.achieved_per_s, self.seed
            ),
        ];
        lines.extend(self.ledger());
        lines.push(format!("wait      {}", self.wait_ms.in_words()));
        lines.push(format!("judging   {}", self.judging_ms.in_words()));
        lines.push(format!("total     {}", self.total_ms.in_words()));
        lines.extend(self.cpu());
        if let Some(storm) = &self.storm {
            lines.push(format!(
                "storm     {} rejudgings stored, {} judged; wait of the others:",
                storm.submitted, storm.judged
            ));
            lines.push(format!("  before  {}", storm.live_wait_before_ms.in_words()));
            lines.push(format!("  during  {}", storm.live_wait_during_ms.in_words()));
        }
        lines.push("causes    expected -> reported".to_owned());
        for (expected, got, count) in &self.by_cause {
            let mark = if expected == got { "" } else { "   <- not as expected" };
            lines.push(format!("  {expected:>18} -> {got:<18} {count:>7}{mark}"));
        }
        lines.extend(self.ids.in_words());
        for held in &self.thresholds {
            let mark = if held.holds { "holds " } else { "MISSED" };
            let observed = figure(held.observed);
            lines.push(format!("{mark}    {}   (observed {observed})", held.threshold));
        }
        if let Some(why) = &self.claim.why {
            lines.push(format!("no claim  {why}"));
        }
        lines.extend(self.notes.iter().map(|note| format!("note      {note}")));
        lines.push(format!("journal   {}", self.journal));
        lines.join("\n")
    }

    fn ledger(&self) -> Vec<String> {
        let sums = &self.sums;
        vec![
            format!(
                "ledger    submitted {} = judged {} + cancelled {} + dead-lettered {} + \
                 outstanding {} + lost {}",
                sums.submitted,
                sums.judged,
                sums.cancelled,
                sums.dead_lettered,
                sums.outstanding,
                sums.lost
            ),
            format!(
                "          duplicated {}   unexpected {}   wrong {}   wrong cause {}   refused {}   \
                 redelivered {}   recovered {}   late sends {}",
                sums.duplicated,
                sums.unexpected,
                sums.wrong_verdicts,
                sums.wrong_causes,
                sums.refused,
                sums.redelivered,
                sums.recovered,
                sums.late_sends
            ),
        ]
    }

    fn cpu(&self) -> Vec<String> {
        let cpu = &self.cpu_ms_per_submission;
        vec![
            format!(
                "cpu       compile {}   run {} (plainly spawned {})   judge {} = node {} + wardens \
                 {} + boxes {}",
                figure(cpu.compile),
                figure(cpu.run),
                figure(cpu.bare),
                figure(cpu.judge),
                figure(cpu.node),
                figure(cpu.wardens),
                figure(cpu.boxes)
            ),
            format!(
                "          broker {}   generator {}   rest of the machine {}   (ms per submission)",
                figure(cpu.broker),
                figure(cpu.generator),
                figure(cpu.other)
            ),
        ]
    }
}

impl super::Ids {
    fn in_words(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (what, ids) in [
            ("lost", &self.lost),
            ("waiting", &self.outstanding),
            ("doubled", &self.duplicated),
            ("unknown", &self.unexpected),
            ("JE", &self.judge_errors),
        ] {
            if let Some(first) = ids.first() {
                let more = if ids.len() > 1 { ", …" } else { "" };
                lines.push(format!("{what:<9} {first}{more}"));
            }
        }
        for (what, list) in [("wrong", &self.wrong), ("cause", &self.wrong_causes)] {
            for one in list.iter().take(10) {
                lines.push(format!(
                    "{what:<9} {} ({}): expected {}, got {}",
                    one.id, one.program, one.expected, one.got
                ));
            }
        }
        if let Some((id, why)) = self.refused.first() {
            lines.push(format!("refused   {id}: {why}"));
        }
        lines
    }
}

/// One decimal, or that there is none.
pub(super) fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.1}"))
}
