//! A submission's source and the files that the package lays beside it.

use minos_problem::{IncludeStage, Language, Problem, Rules, Solution};

use crate::trouble::Trouble;
use crate::workshop::{Least, Text, is_source, read_file};

/// The submission's own files, as its author has them and without the package's: names and contents,
/// the main one first.
pub(crate) fn own_files(
    source: &[u8],
    language: &Language,
    solution: Option<&Solution>,
) -> Result<Vec<(String, Vec<u8>)>, Trouble> {
    let mut files = vec![(language.source_name.clone(), source.to_vec())];
    let Some(solution) = solution else { return Ok(files) };
    for path in solution.further.iter().chain(&solution.resources) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !files.iter().any(|(other, _)| other == name) {
            files.push((name.to_owned(), read_file(path)?));
        }
    }
    Ok(files)
}

/// What goes to the compiler.
#[derive(Debug)]
pub(crate) struct Sources {
    source: Vec<u8>,
    beside: Vec<(String, Vec<u8>)>,
    together: Vec<String>,
}

impl Sources {
    /// A submission to a problem. A file of the package under the name that a lone source has takes
    /// that place: it is what is started.
    pub(crate) fn of(
        source: &[u8],
        language: &Language,
        problem: &Problem,
    ) -> Result<Self, Trouble> {
        let extension = language.extensions.first().map_or("txt", String::as_str);
        Self::called(&format!("submission.{extension}"), source, language, problem)
    }

    /// The same with the name it has where a file of the package takes its place.
    fn called(
        name: &str,
        source: &[u8],
        language: &Language,
        problem: &Problem,
    ) -> Result<Self, Trouble> {
        let mut sources =
            Self { source: source.to_vec(), beside: Vec::new(), together: Vec::new() };
        let meant = problem.includes.iter().filter(|include| {
            include.stage != IncludeStage::Run && include.languages.holds(&language.id)
        });
        for include in meant {
            let content = read_file(&include.path)?;
            if include.name == language.source_name {
                let own = std::mem::replace(&mut sources.source, content);
                sources.add(language, name.to_owned(), own);
            } else {
                sources.add(language, include.name.clone(), content);
            }
        }
        Ok(sources)
    }

    /// One of the jury's solutions, with what lies beside it.
    pub(crate) fn of_solution(
        solution: &Solution,
        language: &Language,
        problem: &Problem,
    ) -> Result<Self, Trouble> {
        let source = read_file(&solution.path)?;
        let name = solution.path.file_name().and_then(|name| name.to_str());
        let mut sources = match name.filter(|name| *name != language.source_name) {
            // What is started may ask for it by its name.
            Some(name) => Self::called(name, &source, language, problem)?,
            None => Self::of(&source, language, problem)?,
        };
        for (further, path) in solution
            .resources
            .iter()
            .map(|path| (false, path))
            .chain(solution.further.iter().map(|path| (true, path)))
        {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let taken = sources.beside.iter().any(|(other, _)| other == name);
            if taken || name == language.source_name {
                continue;
            }
            let content = read_file(path)?;
            if further {
                sources.add(language, name.to_owned(), content);
            } else {
                sources.beside.push((name.to_owned(), content));
            }
        }
        Ok(sources)
    }

    fn add(&mut self, language: &Language, name: String, content: Vec<u8>) {
        if is_source(language, &name) {
            self.together.push(name.clone());
        }
        self.beside.push((name, content));
    }

    /// As the workshop builds it.
    pub(crate) fn text(&self, rules: &Rules) -> Text<'_> {
        Text {
            source: &self.source,
            beside: &self.beside,
            together: &self.together,
            least: Least { cpu: rules.compile_cpu, memory: rules.compile_memory },
        }
    }
}
