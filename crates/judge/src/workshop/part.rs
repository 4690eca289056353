//! Programs of packages.

use minos_problem::Part;

use super::step::{is_source, with_others};
use super::{Built, Least, PROGRAMS_AT_HAND, Text, Workshop, find, read_file};
use crate::port::Runs;
use crate::program::Program;
use crate::ruling::cut;
use crate::trouble::Trouble;

impl<R: Runs> Workshop<R> {
    /// Builds a program of a package: one that must compile. `fault` makes the trouble when it
    /// does not.
    pub(crate) fn build_part(
        &mut self,
        part: &Part,
        fault: fn(String) -> Trouble,
    ) -> Result<Program<R::Blob>, Trouble> {
        self.build_mended(part, fault, |_name, content| content)
    }

    /// The same with the files beside the source as `mend` makes them: name and content.
    pub(crate) fn build_mended(
        &mut self,
        part: &Part,
        fault: fn(String) -> Trouble,
        mend: fn(&str, Vec<u8>) -> Vec<u8>,
    ) -> Result<Program<R::Blob>, Trouble> {
        let languages = self.languages();
        let language = find(&languages, &part.language)?;
        let source = &part.source;
        let shown = source.file_name().unwrap_or(source.as_os_str()).to_string_lossy().into_owned();
        let text = read_file(source)?;
        let mut beside = Vec::new();
        let mut together = Vec::new();
        for (further, path) in part
            .resources
            .iter()
            .map(|path| (false, path))
            .chain(part.further.iter().map(|path| (true, path)))
        {
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(name) = name.filter(|name| *name != language.source_name) {
                beside.push((name.to_owned(), mend(name, read_file(path)?)));
                if further && is_source(language, name) {
                    together.push(name.to_owned());
                }
            }
        }
        let least = Least::default();
        let text = Text { source: &text, beside: &beside, together: &together, least };
        let at_hand = match &language.compile {
            Some(step) => Some(self.key(language, &with_others(step, language, text), text)?),
            None => None,
        };
        if let Some((_, program)) = self.at_hand.iter().find(|(key, _)| Some(*key) == at_hand) {
            return Ok(program.clone());
        }
        match self.build(language, text)? {
            Built::Program(program, _) => {
                if let Some(key) = at_hand {
                    if self.at_hand.len() >= PROGRAMS_AT_HAND {
                        self.at_hand.remove(0);
                    }
                    self.at_hand.push((key, program.clone()));
                }
                Ok(program)
            }
            Built::Refused(verdict, result) => {
                let lines: Vec<&str> = result.log.lines().take(3).collect();
                let (id, said) = (&language.id, cut(&lines.join(" | "), 400));
                Err(fault(format!("{shown} does not compile as {id} ({verdict}): {said}")))
            }
        }
    }
}
