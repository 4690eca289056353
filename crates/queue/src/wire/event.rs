//! `minos.event/1`: how far a judging has come.

use minos_model::{Progress, Stage};
use serde::{Deserialize, Serialize};

use super::WireError;

/// The name of this version.
const SCHEMA: &str = "minos.event/1";

/// Progress, version 1. Frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventV1 {
    /// `minos.event/1`.
    pub schema: String,
    /// Which submission.
    pub submission: String,
    /// Whose.
    pub tenant: String,
    /// Which judging of it.
    pub generation: u32,
    /// `received`, `compiling`, `testing` or `done`.
    pub stage: String,
    /// While testing: which test, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<u32>,
    /// While testing: how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
}

impl From<&Progress> for EventV1 {
    fn from(progress: &Progress) -> Self {
        let (stage, test, of) = match progress.stage {
            Stage::Received => ("received", None, None),
            Stage::Compiling => ("compiling", None, None),
            Stage::Testing { test, of } => ("testing", Some(test), Some(of)),
            Stage::Done => ("done", None, None),
        };
        Self {
            schema: SCHEMA.to_owned(),
            submission: progress.submission.to_string(),
            tenant: progress.tenant.to_string(),
            generation: progress.generation.get(),
            stage: stage.to_owned(),
            test,
            of,
        }
    }
}

impl EventV1 {
    /// Back into the words of the model.
    ///
    /// # Errors
    /// [`WireError`] names the field.
    pub fn into_progress(self) -> Result<Progress, WireError> {
        if self.schema != SCHEMA {
            return Err(WireError::new("schema", format!("expected `{SCHEMA}`")));
        }
        let stage = match (self.stage.as_str(), self.test, self.of) {
            ("received", _, _) => Stage::Received,
            ("compiling", _, _) => Stage::Compiling,
            ("testing", Some(test), Some(of)) => Stage::Testing { test, of },
            ("testing", _, _) => return Err(WireError::new("test", "missing while testing")),
            ("done", _, _) => Stage::Done,
            (other, _, _) => return Err(WireError::new("stage", format!("`{other}` is none"))),
        };
        Ok(Progress {
            submission: WireError::field("submission", self.submission.parse())?,
            tenant: WireError::field("tenant", self.tenant.parse())?,
            generation: WireError::field("generation", self.generation.to_string().parse())?,
            stage,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_reads_back() {
        for (stage, json) in [
            (Stage::Received, r#""stage":"received"}"#),
            (Stage::Compiling, r#""stage":"compiling"}"#),
            (Stage::Testing { test: 3, of: 9 }, r#""stage":"testing","test":3,"of":9}"#),
            (Stage::Done, r#""stage":"done"}"#),
        ] {
            let progress = Progress {
                submission: "s".parse().unwrap(),
                tenant: "t".parse().unwrap(),
                generation: "2".parse().unwrap(),
                stage,
            };
            let text = serde_json::to_string(&EventV1::from(&progress)).unwrap();
            let head = r#"{"schema":"minos.event/1","submission":"s","tenant":"t","generation":2,"#;
            assert_eq!(text, format!("{head}{json}"));
            let event: EventV1 = serde_json::from_str(&text).unwrap();
            assert_eq!(event.into_progress(), Ok(progress));
        }
    }
}
