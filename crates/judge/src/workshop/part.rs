//! Programs of packages.

use minos_model::LanguageId;
use minos_problem::Part;

use super::step::is_source;
use super::{Built, Least, PARTS, Text, Workshop, find, read_file};
use crate::at_hand::Stamp;
use crate::port::Runs;
use crate::program::Program;
use crate::ruling::cut;
use crate::trouble::Trouble;

/// A program of a package as it was seen when it was built: its language, and all of its files in
/// order, the source first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen(LanguageId, Vec<Stamp>, usize);

impl Seen {
    fn of(part: &Part) -> Option<Self> {
        let files = std::iter::once(&part.source).chain(&part.resources).chain(&part.further);
        let stamps = files.map(|path| Stamp::of(path)).collect::<Option<_>>()?;
        Some(Self(part.language.clone(), stamps, part.resources.len()))
    }
}

impl<R: Runs> Workshop<R> {
    /// Builds a program of a package: one that must compile. `fault` makes the trouble when it
    /// does not.
    pub(crate) fn build_part(
        &mut self,
        part: &Part,
        fault: fn(String) -> Trouble,
    ) -> Result<Program<R::Blob>, Trouble> {
        let seen = Seen::of(part);
        if let Some((_, program)) =
            self.parts.iter().find(|(before, _)| Some(before) == seen.as_ref())
        {
            return Ok(program.clone());
        }
        let program = self.build_mended(part, fault, |_name, content| content)?;
        if let Some(seen) = seen {
            if self.parts.len() >= PARTS {
                self.parts.remove(0);
            }
            self.parts.push((seen, program.clone()));
        }
        Ok(program)
    }

    /// The same with the files beside the source as `mend` makes them (name and content), not
    /// remembered.
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
        match self.build(language, text)? {
            Built::Program(program, _) => Ok(program),
            Built::Refused(verdict, result) => {
                let lines: Vec<&str> = result.log.lines().take(3).collect();
                let (id, said) = (&language.id, cut(&lines.join(" | "), 400));
                Err(fault(format!("{shown} does not compile as {id} ({verdict}): {said}")))
            }
        }
    }
}
