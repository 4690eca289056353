//! What a workshop holds for its boxes.

use std::path::Path;
use std::sync::Arc;

use minos_model::{CompileResult, Digest};
use minos_problem::Language;

use super::{Built, Text, Workshop};
use crate::at_hand::{Ready, Stamp};
use crate::builds::Build;
use crate::port::{Runs, RunsError};
use crate::trouble::Trouble;

impl<R: Runs> Workshop<R> {
    /// A build as a program, its artefacts held for boxes to come.
    pub(super) fn held(
        &mut self,
        language: &Language,
        (key, build): (&Digest, Build),
        text: Text<'_>,
        cached: bool,
    ) -> Result<Built<R::Blob>, Trouble> {
        let (mut artefacts, mut bytes) = (Vec::new(), 0);
        for (name, content) in build.artefacts {
            bytes += content.len() as u64;
            artefacts.push((name, self.runs.hold(&content)?));
        }
        let ready = Arc::new(Ready::new(artefacts, (build.cpu, build.wall), build.log));
        self.at_hand.keep_build(key, &ready, bytes);
        self.ready(language, &ready, text, cached)
    }

    /// A build that is held as a program.
    pub(super) fn ready(
        &mut self,
        language: &Language,
        ready: &Ready<R::Blob>,
        text: Text<'_>,
        cached: bool,
    ) -> Result<Built<R::Blob>, Trouble> {
        let Ready { artefacts, cpu, wall, log, .. } = ready;
        let (cpu, wall, log) = (*cpu, *wall, log.clone());
        let result = CompileResult { ok: true, cached, cpu, wall, log };
        Ok(Built::Program(self.program(language, artefacts.clone(), text)?, result))
    }

    /// Content of the problem, held for boxes.
    pub(crate) fn open(&mut self, path: &Path) -> Result<R::Blob, RunsError> {
        let Some(stamp) = Stamp::of(path) else { return self.runs.open(path) };
        if let Some(content) = self.at_hand.file(stamp) {
            return Ok(content);
        }
        let content = self.runs.open(path)?;
        self.at_hand.keep_file(stamp, &content, self.runs.len(&content));
        Ok(content)
    }
}
