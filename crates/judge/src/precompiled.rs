//! Headers that are compiled ahead: `bits/stdc++.h` is half of a compilation, and the same half each
//! time.
//!
//! GCC takes `HEADER.gch` from a directory of `-I` in the place of the header, when it was made with
//! the same flags and nothing that it depends on was said before. It cannot see pragmas that stand
//! before it, and would lose them: so only sources get it that say nothing at all before they
//! include the header. What does not fit is compiled as ever, which GCC itself falls back to.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use minos_model::{Bytes, CpuTime, LanguageId, RawLimits, Verdict};
use minos_problem::{Language, Step};

use crate::describe;
use crate::port::{Executable, InFile, Keep, OutFile, Request, Runs};
use crate::program::environment;
use crate::trouble::Trouble;
use crate::workshop::{Workshop, limits};

/// Where boxes see them.
pub const PRECOMPILED_INSIDE: &str = "/pch";
/// The source of a precompiled header, and what comes of it.
const SOURCE: &str = "ahead.hpp";
const PRODUCT: &str = "ahead.hpp.gch";
/// The largest that is kept: today's have 100 MB.
const MOST: Bytes = Bytes::from_mib(256);

impl Precompiled {
    /// How many sources want a header before it is made on demand: one alone gains nothing by it.
    pub const DEMAND: u32 = 2;
}

/// How a language's header stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// So many sources have asked for it.
    Wanted(u32),
    /// It is there.
    Ready,
    /// It is being made, or could not be.
    Closed,
}

/// The precompiled headers of one node, in a directory that its boxes see.
#[derive(Debug)]
pub struct Precompiled {
    dir: PathBuf,
    languages: Mutex<HashMap<LanguageId, Standing>>,
}

impl Precompiled {
    /// In that directory, which is emptied: a header must not outlive the compiler that made it.
    ///
    /// # Errors
    /// When it cannot be emptied or made.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) | Ok(()) => {}
        }
        fs::create_dir_all(&dir)?;
        Ok(Self { dir, languages: Mutex::default() })
    }

    /// The directory, for a read-only bind at [`PRECOMPILED_INSIDE`].
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether at least so many sources have asked for a language's header in vain. Says so once:
    /// whoever asks is to make it.
    #[must_use]
    pub fn is_due(&self, language: &LanguageId, sources: u32) -> bool {
        let mut all = self.lock();
        let standing = all.entry(language.clone()).or_insert(Standing::Wanted(0));
        let due = matches!(standing, Standing::Wanted(wanted) if *wanted >= sources);
        if due {
            *standing = Standing::Closed;
        }
        due
    }

    /// The compiler's argument with which it finds the header, for a source that may have it.
    fn argument(&self, language: &Language, header: &str, source: &[u8]) -> Option<String> {
        if !begins_with_include(source, header) {
            return None;
        }
        let mut all = self.lock();
        match all.entry(language.id.clone()).or_insert(Standing::Wanted(0)) {
            Standing::Ready => Some(format!("-I{PRECOMPILED_INSIDE}/{}", language.id)),
            Standing::Wanted(wanted) => {
                *wanted = wanted.saturating_add(1);
                None
            }
            Standing::Closed => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LanguageId, Standing>> {
        self.languages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a header where boxes find it: whole, or not at all.
    fn keep(&self, language: &LanguageId, header: &str, content: &[u8]) -> io::Result<()> {
        let place = self.dir.join(language.as_str()).join(format!("{header}.gch"));
        let aside = self.dir.join(format!(".{language}"));
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&aside, content)?;
        fs::rename(&aside, &place)?;
        self.lock().insert(language.clone(), Standing::Ready);
        Ok(())
    }
}

impl<R: Runs> Workshop<R> {
    /// The compiler's arguments for a source.
    pub(crate) fn arguments(&self, language: &Language, step: &Step, source: &[u8]) -> Vec<String> {
        let mut args = step.argv.clone();
        if let (Some(precompiled), Some(header)) = (&self.precompiled, &step.precompiled)
            && let Some(argument) = precompiled.argument(language, header, source)
        {
            args.insert(1.min(args.len()), argument);
        }
        args
    }

    /// Compiles a language's header ahead, in a box like any other. Does nothing for a language
    /// without one, or in a workshop without a place for it.
    ///
    /// # Errors
    /// The compiler's ending and first lines; compilations go on without.
    pub fn precompile(&mut self, language: &Language) -> Result<(), Trouble> {
        let Some(precompiled) = self.precompiled.clone() else { return Ok(()) };
        let Some(step) = &language.compile else { return Ok(()) };
        let Some(header) = &step.precompiled else { return Ok(()) };
        let Some(command) = step.argv.first() else { return Ok(()) };
        let raw = RawLimits { output: MOST, ..step.limits };
        let source = self.runs.hold(format!("#include <{header}>\n").as_bytes())?;
        let outcome = self.runs.run(Request {
            program: Executable::Path(command.into()),
            args: ahead(&step.argv, &language.source_name),
            env: environment(&step.env),
            limits: limits(raw, &language.id)?,
            stdin: None,
            keep: Keep::Diagnostics,
            files: vec![InFile::new(SOURCE, source)],
            descriptors: Vec::new(),
            collect: vec![OutFile { path: PRODUCT.to_owned(), max: MOST }],
            cpu_slack: CpuTime::ZERO,
            quiet: None,
            read_only: false,
        })?;
        let report = &outcome.report;
        if Verdict::of_compilation(&report.cause, report.ending).is_some() {
            let said = describe::with_stderr(report, &outcome.stderr);
            return Err(Trouble::node(format!("{header} was not compiled ahead: {said}")));
        }
        let Some(product) = outcome.collected.into_iter().flatten().next() else {
            return Err(Trouble::node(format!(
                "{header} was compiled ahead and left no {PRODUCT}"
            )));
        };
        let content = self.runs.read(&product, usize::MAX)?;
        let kept = precompiled.keep(&language.id, header, &content);
        kept.map_err(|error| Trouble::node(format!("{}: {error}", precompiled.dir.display())))
    }
}

/// The command for the header: that of the language with another source and another product.
fn ahead(argv: &[String], source_name: &str) -> Vec<String> {
    let mut product = false;
    let word = |word: &String| {
        let is_product = std::mem::replace(&mut product, word == "-o");
        let name = if is_product {
            PRODUCT
        } else if word == source_name {
            SOURCE
        } else {
            word
        };
        name.to_owned()
    };
    argv.iter().map(word).collect()
}

/// Whether the first thing a source says, but for blanks and comments, is to include the header.
fn begins_with_include(source: &[u8], header: &str) -> bool {
    let mut rest = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    loop {
        rest = rest.trim_ascii_start();
        if let Some(line) = rest.strip_prefix(b"//") {
            // A comment that goes on behind a backslash is left to the compiler.
            let Some(end) = line.iter().position(|byte| *byte == b'\n') else { return false };
            let (comment, after) = line.split_at(end);
            if comment.trim_ascii_end().ends_with(b"\\") {
                return false;
            }
            rest = after;
        } else if let Some(block) = rest.strip_prefix(b"/*") {
            let Some(end) = block.windows(2).position(|pair| pair == b"*/") else { return false };
            rest = block.get(end + 2..).unwrap_or_default();
        } else {
            break;
        }
    }
    let include = rest.strip_prefix(b"#").map(<[u8]>::trim_ascii_start);
    let path = include.and_then(|text| text.strip_prefix(b"include")).map(<[u8]>::trim_ascii_start);
    let path = path.and_then(|text| text.strip_prefix(b"<"));
    path.and_then(|text| text.strip_prefix(header.as_bytes()))
        .is_some_and(|text| text.starts_with(b">"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use minos_problem::Languages;

    use super::*;
    use crate::Builds;
    use crate::fake::{FakeRuns, Reply};

    #[test]
    fn only_a_source_that_says_nothing_before_gets_the_header() {
        for (source, expected) in [
            ("#include <bits/stdc++.h>\nint main(){}", true),
            ("\u{feff}#include<bits/stdc++.h>", true),
            ("\n // one\r\n/* two\n*/ # include  <bits/stdc++.h>", true),
            ("#include <bits/stdc++.hpp>", false),
            ("#include \"bits/stdc++.h\"", false),
            ("#include <vector>\n#include <bits/stdc++.h>", false),
            ("#pragma GCC optimize(\"O3\")\n#include <bits/stdc++.h>", false),
            ("#define _GLIBCXX_DEBUG\n#include <bits/stdc++.h>", false),
            ("// on and on \\\n#include <bits/stdc++.h>", false),
            ("// no end", false),
            ("/* no end #include <bits/stdc++.h>", false),
            ("", false),
        ] {
            assert_eq!(
                begins_with_include(source.as_bytes(), "bits/stdc++.h"),
                expected,
                "{source}"
            );
        }
    }

    #[test]
    fn the_header_is_compiled_with_the_flags_of_the_language() {
        let languages = Languages::builtin();
        let cpp = languages.get(&LanguageId::new("cpp17").unwrap()).unwrap();
        let args = ahead(&cpp.compile.as_ref().unwrap().argv, &cpp.source_name);
        let text = args.join(" ");
        assert!(text.starts_with("/usr/bin/g++ -std=gnu++17 -O2"), "{text}");
        assert!(text.ends_with("-o ahead.hpp.gch ahead.hpp"), "{text}");
    }

    #[test]
    fn it_is_due_once_when_enough_sources_have_asked_and_serves_those_after() {
        let dir = tempfile::tempdir().unwrap();
        let languages = Arc::new(Languages::builtin());
        let cpp = languages.get(&LanguageId::new("cpp17").unwrap()).unwrap();
        let step = cpp.compile.as_ref().unwrap();
        let builds = Arc::new(Builds::open(dir.path().join("b"), Builds::DEFAULT_MAX).unwrap());
        let precompiled = Arc::new(Precompiled::open(dir.path().join("pch")).unwrap());
        let runs = FakeRuns::default().on("ahead.hpp", Reply::exit(0).file(PRODUCT, "HEADER"));
        let mut workshop = Workshop::new(runs, Arc::clone(&languages), builds)
            .with_precompiled(Arc::clone(&precompiled));
        let source = b"#include <bits/stdc++.h>\n";
        let argument = |workshop: &Workshop<FakeRuns>, source: &[u8]| {
            workshop.arguments(cpp, step, source).get(1).cloned().unwrap()
        };
        assert!(!precompiled.is_due(&cpp.id, 2));
        for _source in 0..2 {
            assert_eq!(argument(&workshop, source), "-std=gnu++17");
        }
        assert!(precompiled.is_due(&cpp.id, 2));
        assert!(!precompiled.is_due(&cpp.id, 2), "somebody makes it already");
        workshop.precompile(cpp).unwrap();
        assert_eq!(argument(&workshop, source), "-I/pch/cpp17");
        assert_eq!(argument(&workshop, b"int main() {}"), "-std=gnu++17");
        let made = dir.path().join("pch/cpp17/bits/stdc++.h.gch");
        assert_eq!(fs::read(made).unwrap(), b"HEADER");
        let c = languages.get(&LanguageId::new("c").unwrap()).unwrap();
        workshop.precompile(c).unwrap();
    }
}
