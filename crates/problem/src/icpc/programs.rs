//! Programs: single files, or folders of several.

use std::path::PathBuf;

use minos_model::LanguageId;

use super::place::Place;
use crate::relative::{base_name, stem_and_extension};
use crate::{PackageError, Scripts, Tool};

/// Codes of languages with the endings of their files. The first ending says which language of an
/// installation a code means when a submission's own says nothing.
const CODES: [(&str, &[&str]); 50] = [
    ("ada", &["adb", "ads"]),
    ("algol68", &["a68"]),
    ("apl", &["apl"]),
    ("bash", &["sh"]),
    ("c", &["c"]),
    ("cgmp", &["c"]),
    ("cobol", &["cob"]),
    ("cpp", &["cpp", "cc", "cxx", "c++"]),
    ("cppgmp", &["cpp", "cc", "cxx", "c++"]),
    ("crystal", &["cr"]),
    ("csharp", &["cs"]),
    ("d", &["d"]),
    ("dart", &["dart"]),
    ("elixir", &["ex"]),
    ("erlang", &["erl"]),
    ("forth", &["fth", "4th", "forth", "frt"]),
    ("fortran", &["f90"]),
    ("fsharp", &["fs"]),
    ("gerbil", &["ss"]),
    ("go", &["go"]),
    ("haskell", &["hs"]),
    ("java", &["java"]),
    ("javaalgs4", &["java"]),
    ("javascript", &["js"]),
    ("julia", &["jl"]),
    ("kotlin", &["kt"]),
    ("lisp", &["lisp", "cl"]),
    ("lua", &["lua"]),
    ("modula2", &["mod", "def"]),
    ("nim", &["nim"]),
    ("objectivec", &["m"]),
    ("ocaml", &["ml"]),
    ("octave", &["m"]),
    ("odin", &["odin"]),
    ("pascal", &["pas"]),
    ("perl", &["pm", "pl"]),
    ("php", &["php"]),
    ("prolog", &["pl"]),
    ("python2", &["py2"]),
    ("python3", &["py", "py3"]),
    ("python3numpy", &["py", "py3"]),
    ("racket", &["rkt"]),
    ("ruby", &["rb"]),
    ("rust", &["rs"]),
    ("scala", &["scala"]),
    ("simula", &["sim"]),
    ("smalltalk", &["st"]),
    ("snobol", &["sno"]),
    ("swift", &["swift"]),
    ("typescript", &["ts"]),
];

/// The endings of a language's files; `None` when there is no such code.
pub(super) fn extensions_of(code: &str) -> Option<&'static [&'static str]> {
    CODES.iter().find(|(other, _)| *other == code).map(|(_, extensions)| *extensions)
}

/// The code of the language whose files end like that, as ICPC/Kattis packages name languages; `None`
/// when the format has none.
#[must_use]
pub fn language_code(extension: &str) -> Option<&'static str> {
    CODES.iter().find(|(_, extensions)| extensions.contains(&extension)).map(|(code, _)| *code)
}

/// Files that may lie beside programs without being one.
const NO_PROGRAMS: [&str; 12] =
    ["md", "txt", "h", "hh", "hpp", "hxx", "yaml", "yml", "tex", "in", "ans", "log"];

/// The sources of a program, its main one first.
pub(super) struct Sources {
    pub(super) main: String,
    pub(super) kind: String,
    pub(super) language: Option<LanguageId>,
    pub(super) further: Vec<String>,
    pub(super) resources: Vec<String>,
}

impl Place<'_> {
    /// The programs of a folder: each file and each folder in it is one.
    pub(super) fn programs(&mut self, folder: &str) -> Result<Vec<Tool>, PackageError> {
        let listing = self.list(folder);
        if listing.files.contains("build") || listing.files.contains("run") {
            return Ok(vec![self.folder_program(folder)?]);
        }
        let mut tools = Vec::new();
        for name in &listing.folders {
            tools.push(self.folder_program(&format!("{folder}/{name}"))?);
        }
        for name in listing.files.iter().filter(|name| is_program(name)) {
            tools.push(self.file_program(&format!("{folder}/{name}"))?);
        }
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tools)
    }

    /// The one program of a folder: the only thing in it, or the folder itself.
    pub(super) fn single_program(&mut self, folder: &str) -> Result<Option<Tool>, PackageError> {
        let listing = self.list(folder);
        if listing.files.contains("build") || listing.files.contains("run") {
            return self.folder_program(folder).map(Some);
        }
        let files: Vec<&String> = listing.files.iter().filter(|name| is_program(name)).collect();
        match (files.as_slice(), listing.folders.len()) {
            ([], 0) => Ok(None),
            ([], 1) => {
                let inner = listing.folders.first().map_or("", String::as_str);
                self.folder_program(&format!("{folder}/{inner}")).map(Some)
            }
            ([], _) => Err(self.wrong(folder, "several programs; expected one")),
            _ => self.folder_program(folder).map(Some),
        }
    }

    fn file_program(&self, path: &str) -> Result<Tool, PackageError> {
        let kind = kind_of(path);
        let language = self.language(path, &kind);
        let (folder, base) = path.rsplit_once('/').unwrap_or(("", path));
        let scripts = match language {
            Some(_) => None,
            None => self.as_scripts(folder, (base, &[]))?,
        };
        Ok(Tool {
            name: base_name(path).to_owned(),
            source: self.constants.path(path)?,
            resources: self.with_testlib(&kind, Vec::new()),
            further: Vec::new(),
            scripts,
            kind,
            language,
        })
    }

    fn folder_program(&self, folder: &str) -> Result<Tool, PackageError> {
        let files = self.below(folder);
        let name = base_name(folder).to_owned();
        let has = |name: &str| files.iter().any(|file| file == name);
        if has("build") || has("run") {
            let dir = self.constants.folder(folder, &files)?;
            let script = if has("build") { "build" } else { "run" };
            return Ok(Tool {
                name,
                source: dir.join(script),
                kind: script.to_owned(),
                language: None,
                resources: Vec::new(),
                further: Vec::new(),
                scripts: Some(Scripts { dir, build: has("build"), files }),
            });
        }
        let sources = self.sources(folder, &files);
        // Of sources in several languages nobody knows which one is meant.
        let one = sources.language.is_none() && sources.kind == kind_of(&sources.main);
        let scripts = match one {
            false => None,
            true => self.as_scripts(folder, (&sources.main, &files))?,
        };
        let path = |file: &String| self.constants.path(&format!("{folder}/{file}"));
        let paths = |files: &[String]| files.iter().map(path).collect::<Result<Vec<_>, _>>();
        Ok(Tool {
            name,
            source: path(&sources.main)?,
            further: paths(&sources.further)?,
            resources: self.with_testlib(&sources.kind, paths(&sources.resources)?),
            scripts,
            kind: sources.kind,
            language: sources.language,
        })
    }

    /// Sorts the files of a folder: which one runs, what is compiled with it, what lies beside. A
    /// folder in no known language, or in several, has none.
    pub(super) fn sources(&self, folder: &str, files: &[String]) -> Sources {
        let known: Vec<(&String, String)> = files
            .iter()
            .map(|file| (file, kind_of(file)))
            .filter(|(file, kind)| self.language(&format!("{folder}/{file}"), kind).is_some())
            .collect();
        // Sources of C beside sources of C++ are compiled with them.
        let mut kinds: Vec<&str> = known.iter().map(|(_, kind)| family(kind)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds == ["c", "cpp"] {
            kinds = vec!["cpp"];
        }
        let [kind] = kinds.as_slice() else {
            let main = files.iter().find(|file| is_program(base_name(file)));
            let main = main.or_else(|| files.first());
            let main = main.cloned().unwrap_or_default();
            let kind = if kinds.is_empty() { kind_of(&main) } else { kinds.join(" and ") };
            let resources = files.iter().filter(|file| **file != main).cloned().collect();
            return Sources { main, kind, language: None, further: Vec::new(), resources };
        };
        let kind = *kind;
        let of_kind = |other: &str| family(other) == kind || (kind, other) == ("cpp", "c");
        let mains = ["__main__", "main", "Main", "MainKt", "solution"];
        let position = |(file, other): &(&String, String)| {
            let stem = stem_and_extension(file).0;
            let rank = mains.iter().position(|main| *main == stem).unwrap_or(mains.len());
            (family(other) != kind, rank, other != kind)
        };
        let main = known.iter().min_by_key(|entry| position(entry));
        let (main, main_kind) = main.map(|(file, kind)| ((*file).clone(), kind.clone())).unzip();
        let (main, main_kind) = (main.unwrap_or_default(), main_kind.unwrap_or_default());
        // An interpreter reads its modules itself, and so does Pascal's compiler; others are given
        // every source.
        let together = !matches!(kind, "py" | "js" | "rb" | "php" | "pl" | "pas");
        let (further, resources) =
            files.iter().filter(|file| **file != main).cloned().partition(|file| {
                together && known.iter().any(|(one, k)| *one == file && of_kind(k))
            });
        let language = self.language(&format!("{folder}/{main}"), &main_kind);
        Sources { main, kind: main_kind, language, further, resources }
    }

    /// The language of a source by its ending; Python 2 says so in its first line.
    pub(super) fn language(&self, path: &str, kind: &str) -> Option<LanguageId> {
        if kind == "py" && self.begins_with_python2(path) {
            return None;
        }
        // Python has two endings, and an installation may name one.
        let kind = if kind == "py3" { "py" } else { kind };
        let file = PathBuf::from(format!("source.{kind}"));
        self.languages.by_extension(&file).map(|language| language.id.clone())
    }

    fn begins_with_python2(&self, path: &str) -> bool {
        use std::io::Read;
        let mut head = [0_u8; 64];
        let mut file = std::fs::File::open(self.path(path)).ok();
        let read = file.as_mut().and_then(|file| file.read(&mut head).ok()).unwrap_or(0);
        let head = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned();
        let line = head.lines().next().unwrap_or_default();
        line.starts_with("#!") && line.contains("python2")
    }

    /// A `testlib.h` for sources in C++ that bring none.
    fn with_testlib(&self, kind: &str, mut resources: Vec<PathBuf>) -> Vec<PathBuf> {
        let brought = resources.iter().any(|path| path.ends_with("testlib.h"));
        if family(kind) == "cpp" && !brought {
            resources.push(self.opened.testlib.clone());
        }
        resources
    }
}

/// The ending of a source, in lower case but for the one that means C++.
pub(super) fn kind_of(path: &str) -> String {
    let base = base_name(path);
    if base.ends_with(".C") {
        return "cpp".to_owned();
    }
    stem_and_extension(base).1
}

/// The ending that stands for all of its language.
fn family(kind: &str) -> &str {
    match kind {
        "cc" | "cxx" | "c++" | "cpp" => "cpp",
        "py3" => "py",
        "pp" => "pas",
        other => other,
    }
}

fn is_program(name: &str) -> bool {
    let (_, extension) = stem_and_extension(name);
    !extension.is_empty() && !NO_PROGRAMS.contains(&extension.as_str())
}
