//! Sections with their durations, and the list of failures at the end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// What has been run so far.
#[derive(Default)]
pub(super) struct Report {
    sections: Vec<Section>,
}

struct Section {
    name: &'static str,
    took: Duration,
    passed: bool,
}

impl Report {
    /// Runs one section; a failure is printed and remembered, and the next section runs anyway.
    pub(super) fn section(&mut self, name: &'static str, body: impl FnOnce() -> Result<()>) {
        println!("\n── {name}");
        let start = Instant::now();
        let outcome = body();
        let took = start.elapsed();
        match &outcome {
            Ok(()) => println!("   {name}: ok, {:.1} s", took.as_secs_f64()),
            Err(error) => println!("   {name}: FAILED, {:.1} s: {error:#}", took.as_secs_f64()),
        }
        self.sections.push(Section { name, took, passed: outcome.is_ok() });
    }

    /// Prints the table.
    ///
    /// # Errors
    /// Names the sections that failed, when there are any.
    pub(super) fn finish(self) -> Result<()> {
        println!("\n── summary");
        for Section { name, took, passed } in &self.sections {
            let word = if *passed { "ok" } else { "FAILED" };
            println!("   {name:<10} {word:<6} {:>7.1} s", took.as_secs_f64());
        }
        let failed: Vec<_> = self.sections.iter().filter(|s| !s.passed).map(|s| s.name).collect();
        println!(
            "sections: {} passed, {} failed",
            self.sections.len() - failed.len(),
            failed.len()
        );
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}
