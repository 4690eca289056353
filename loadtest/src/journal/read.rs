//! Reading a journal back, whatever state a killed process left it in.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{FILE, Fact, SCHEMA};
use crate::record::Record;

/// The longest line that is read: a start with some thousand programs.
const LONGEST: usize = 16 << 20;

/// Reads the journal of the run in `dir`.
///
/// A last line that was cut (its writer was killed) is left out, with a note in the record.
///
/// # Errors
/// When `dir` is not the directory of a run, or names the line that cannot be read.
pub(crate) fn read(dir: &Path) -> Result<Record> {
    let path = dir.join(FILE);
    let shown = path.display().to_string();
    let file = File::open(&path).with_context(|| {
        format!("{}: not the directory of a run (there is no {FILE} in it)", dir.display())
    })?;
    let mut lines = BufReader::new(file);
    let mut record: Option<Record> = None;
    // A line that cannot be read is forgiven when it is the last, or another process went on there.
    let mut cut: Option<(usize, String)> = None;
    let mut text = Vec::new();
    for number in 1.. {
        text.clear();
        if lines.read_until(b'\n', &mut text).with_context(|| shown.clone())? == 0 {
            break;
        }
        if text.len() > LONGEST {
            bail!("{shown}:{number}: a line of {} bytes is no record", text.len());
        }
        let fact = match serde_json::from_slice::<Fact>(&text) {
            Ok(fact) => fact,
            Err(error) => {
                refuse_middle(&shown, cut.as_ref())?;
                cut = Some((number, error.to_string()));
                continue;
            }
        };
        if matches!(fact, Fact::Resumed { .. }) {
            if let (Some((line, _)), Some(record)) = (cut.take(), record.as_mut()) {
                record.notes.push(note(line));
            }
        } else {
            refuse_middle(&shown, cut.as_ref())?;
        }
        match (record.as_mut(), fact) {
            (None, Fact::Start(start)) if start.schema == SCHEMA => {
                record = Some(Record::new(*start));
            }
            (None, Fact::Start(start)) => {
                bail!("{shown}:{number}: schema `{}`, expected `{SCHEMA}`", start.schema);
            }
            (None, _) => bail!("{shown}:{number}: the first record must be `start`"),
            (Some(_), Fact::Start(_)) => bail!("{shown}:{number}: a second `start`"),
            (Some(record), fact) => record.take_in(fact),
        }
    }
    let Some(mut record) = record else {
        bail!("{shown}: empty: the run was killed before it began, and nothing was sent");
    };
    if let Some((line, _)) = cut {
        record.notes.push(note(line));
    }
    Ok(record)
}

fn note(line: usize) -> String {
    format!("line {line} of the journal is cut in the middle (its writer was killed); left out")
}

fn refuse_middle(shown: &str, cut: Option<&(usize, String)>) -> Result<()> {
    match cut {
        Some((line, why)) => bail!("{shown}:{line}: not a record: {why}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing;

    fn with(lines: &[&str]) -> Result<Record> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), lines.concat()).unwrap();
        read(dir.path())
    }

    fn start() -> String {
        let start = testing::start(2);
        format!("{}\n", serde_json::to_string(&Fact::Start(Box::new(start))).unwrap())
    }

    const SENT: &str = "{\"event\":\"sent\",\"id\":\"s0000000\",\"program\":0,\"planned_us\":1,\"sent_us\":2,\"acked_us\":3}\n";
    const RESUMED: &str = "{\"event\":\"resumed\",\"at_us\":9}\n";

    #[test]
    fn a_line_that_was_cut_is_left_out_at_the_end_and_where_another_process_went_on() {
        let start = start();
        for (lines, acked, notes) in [
            (vec![start.as_str(), SENT], 1, 0),
            (vec![start.as_str(), SENT, "{\"event\":\"recei"], 1, 1),
            (vec![start.as_str(), "{\"event\":\"se\n", RESUMED, SENT], 1, 2),
            (vec![start.as_str(), SENT, RESUMED], 1, 1),
        ] {
            let record = with(&lines).unwrap();
            let got = record.entries().iter().filter(|entry| entry.acked.is_some()).count();
            assert_eq!((got, record.notes.len()), (acked, notes), "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_journal_is_refused_with_its_line() {
        let start = start();
        let other = start.replace("load-journal/1", "load-journal/9");
        for (lines, words) in [
            (vec![start.as_str(), "{\"event\":\"se\n", SENT], "journal.jsonl:2: not a record"),
            (vec![start.as_str(), "x\n", "y\n"], "journal.jsonl:2: not a record"),
            (vec![start.as_str(), "{\"event\":\"lunch\"}\n", SENT], "lunch"),
            (vec![SENT], "journal.jsonl:1: the first record"),
            (vec![start.as_str(), start.as_str()], "journal.jsonl:2: a second `start`"),
            (vec![other.as_str()], "minos.load-journal/9"),
            (vec![], "nothing was sent"),
            (vec!["{\"event\":\"start\",\"sch"], "nothing was sent"),
        ] {
            let error = format!("{:#}", with(&lines).unwrap_err());
            assert!(error.contains(words), "{lines:?}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let dir = tempfile::tempdir().unwrap();
        let error = format!("{:#}", read(dir.path()).unwrap_err());
        assert!(error.contains("not the directory of a run"), "{error}");
    }
}
