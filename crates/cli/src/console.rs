//! The only place of the command that prints: answers to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::exit::Failure;

/// Where and how this life of the command prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    colour: bool,
    terminal: bool,
}

/// Colours of words in reports for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// It is as wished.
    Green,
    /// It is not.
    Red,
    /// It is less than wished.
    Yellow,
    /// It matters less.
    Dim,
}

impl Console {
    /// Looks at stdout, stderr and `NO_COLOR` once.
    pub(crate) fn detect() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            colour: !plain && !dumb && io::stdout().is_terminal(),
            terminal: !dumb && io::stderr().is_terminal(),
        }
    }

    /// No colours, no bars.
    #[cfg(test)]
    pub(crate) const fn plain() -> Self {
        Self { colour: false, terminal: false }
    }

    /// A word in colour, where colours are wanted.
    pub(crate) fn paint(self, colour: Colour, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Green => "32",
            Colour::Red => "31",
            Colour::Yellow => "33",
            Colour::Dim => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Prints one line of an answer on stdout.
    ///
    /// # Errors
    /// When stdout is closed for a reason other than its reader having left.
    #[expect(clippy::unused_self, reason = "printing goes through the console, by design")]
    pub(crate) fn say(self, line: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        accept(writeln!(stdout, "{line}"))
    }

    /// Writes to the terminal as it is, at once.
    ///
    /// # Errors
    /// When stdout is closed for a reason other than its reader having left.
    #[expect(clippy::unused_self, reason = "printing goes through the console, by design")]
    pub(crate) fn write(self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        accept(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    /// Prints the answer as the one JSON document on stdout.
    ///
    /// # Errors
    /// When stdout is closed for a reason other than its reader having left.
    #[expect(clippy::unused_self, reason = "printing goes through the console, by design")]
    pub(crate) fn json(self, document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(document)
            .map_err(|error| Failure::judge(format!("the report cannot be written: {error}")))?;
        let mut stdout = io::stdout().lock();
        accept(writeln!(stdout, "{text}"))
    }

    /// Prints one line of news on stderr; news may be lost.
    #[expect(clippy::unused_self, reason = "printing goes through the console, by design")]
    pub(crate) fn note(self, line: &str) {
        let mut stderr = io::stderr().lock();
        drop(writeln!(stderr, "{line}"));
    }

    /// A spinner on a terminal; nothing elsewhere.
    pub(crate) fn progress(self, what: &str) -> ProgressBar {
        let target =
            if self.terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if self.terminal {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        bar.set_message(what.to_owned());
        bar
    }
}

/// Words of a program, a compiler or a message as a terminal may have them: what would steer the
/// terminal is a dot.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '.' } else { c }).collect()
}

/// A reader that has left is no failure.
fn accept(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::environment(format!("stdout cannot be written: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_do_not_steer_a_terminal() {
        for (text, shown) in [
            ("wrong answer: expected 5, found \u{2d}7", "wrong answer: expected 5, found -7"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", ".[2J.]0;title."),
            ("\u{9b}31m\r\0", ".31m.."),
            ("a\tb\nπ", "a\tb\nπ"),
        ] {
            assert_eq!(tame(text), shown);
        }
    }
}
