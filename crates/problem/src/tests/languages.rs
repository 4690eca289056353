//! Language files.

use std::path::{Path, PathBuf};

use minos_model::{Bytes, CpuTime, LanguageId};
use tempfile::TempDir;

use crate::Languages;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cluster-config/languages")
}

#[test]
fn every_shipped_file_is_embedded_and_loads() {
    let loaded = Languages::load(&shipped()).unwrap();
    assert_eq!(loaded, Languages::builtin());
    let ids: Vec<&str> = loaded.iter().map(|language| language.id.as_str()).collect();
    let expected = "c cpp11 cpp14 cpp17 cpp20 cpp23 csharp go java javascript kotlin pascal pypy3 \
                    python3 rust";
    assert_eq!(ids.join(" "), expected);
}

#[test]
fn a_language_is_found_by_id_by_extension_and_by_polygons_type() {
    let languages = Languages::builtin();
    let id = |id: &str| LanguageId::new(id).unwrap();
    assert_eq!(languages.get(&id("cpp20")).unwrap().name, "C++20 (GCC)");
    assert!(languages.get(&id("cobol")).is_none());
    for (source, expected) in [
        ("a.cpp", Some("cpp17")),
        ("a.CPP", Some("cpp17")),
        ("dir.py/a.cc", Some("cpp17")),
        ("a.c", Some("c")),
        ("a.py", Some("python3")),
        ("A.java", Some("java")),
        ("a.kt", Some("kotlin")),
        ("a.pas", Some("pascal")),
        ("a.rb", None),
        ("cpp", None),
    ] {
        let found = languages.by_extension(Path::new(source));
        assert_eq!(found.map(|language| language.id.as_str()), expected, "{source}");
    }
    for (kind, expected) in [
        ("cpp.g++", Some("cpp17")),
        ("cpp.g++11", Some("cpp11")),
        ("cpp.g++14", Some("cpp14")),
        ("cpp.g++17", Some("cpp17")),
        ("cpp.ms2017", Some("cpp17")),
        ("cpp.msys2-mingw64-9-g++17", Some("cpp17")),
        ("cpp.g++20", Some("cpp20")),
        ("cpp.gcc13-64-winlibs-g++20", Some("cpp20")),
        ("cpp.gcc14-64-msys2-g++23", Some("cpp23")),
        ("c.gcc", Some("c")),
        ("python.3", Some("python3")),
        ("python.pypy3-64", Some("pypy3")),
        ("python.2", None),
        ("python.pypy2", None),
        ("java11", Some("java")),
        ("java21", Some("java")),
        ("kotlin17", Some("kotlin")),
        ("csharp.mono", Some("csharp")),
        ("pas.fpc", Some("pascal")),
        ("go", Some("go")),
        ("rust", Some("rust")),
        ("js.nodejs", Some("javascript")),
        ("d", None),
        ("", None),
    ] {
        let found = languages.by_polygon_type(kind);
        assert_eq!(found.map(|language| language.id.as_str()), expected, "{kind}");
    }
}

#[test]
fn a_language_is_found_by_its_name_in_kattis_packages() {
    let languages = Languages::builtin();
    for (name, expected) in [
        ("c", Some("c")),
        ("cpp", Some("cpp17")),
        ("java", Some("java")),
        ("python3", Some("python3")),
        ("javascript", Some("javascript")),
        ("cobol", None),
    ] {
        let found = languages.by_kattis_name(name);
        assert_eq!(found.map(|language| language.id.as_str()), expected, "{name}");
    }
}

#[test]
fn a_toolchain_that_is_not_there_is_named_with_what_to_type() {
    let cpp = std::fs::read_to_string(shipped().join("cpp17.toml")).unwrap();
    let read = |text: &str| Languages::read(vec![("x.toml".to_owned(), text.to_owned())]).unwrap();
    let all = read(&cpp.replace("/usr/bin/g++", "/usr/bin/no-such-compiler"));
    let language = all.iter().next().unwrap();
    assert_eq!(language.absent(), Some("/usr/bin/no-such-compiler"));
    assert_eq!(language.remedy(), "apt-get install --no-install-recommends g++ libc6-dev");
    let all = read(&cpp.replace("packages = [\"g++\", \"libc6-dev\"]", ""));
    assert_eq!(all.iter().next().unwrap().remedy(), "install what x.toml names");
    let sh = cpp.replace("/usr/bin/g++", "/bin/sh");
    assert_eq!(read(&sh).iter().next().unwrap().absent(), None);
}

#[test]
fn a_start_up_allowance_is_read_whole_or_refused() {
    let java = std::fs::read_to_string(shipped().join("java.toml")).unwrap();
    let allowance =
        Languages::builtin().get(&LanguageId::new("java").unwrap()).unwrap().run.allowance;
    assert_eq!((allowance.cpu, allowance.memory), (CpuTime::from_ms(100), Bytes::from_mib(64)));
    for (old, new, said) in [
        ("cpu = \"100ms\"", "", "run.allowance.cpu: missing"),
        ("cpu = \"100ms\"", "cpu = \"x\"", "run.allowance.cpu: `x` is not a time"),
        ("cpu = \"100ms\"", "cpus = \"1s\"", "run.allowance.cpus: unknown key"),
    ] {
        let found = mistakes(&[("java.toml", &java.replacen(old, new, 1))]);
        assert!(found.iter().any(|mistake| mistake.contains(said)), "{said}: {found:?}");
    }
}

#[test]
fn a_language_says_how_it_is_compiled_and_run() {
    let languages = Languages::builtin();
    let get = |id: &str| languages.get(&LanguageId::new(id).unwrap()).unwrap();
    let cpp = get("cpp17");
    let compile = cpp.compile.as_ref().unwrap();
    assert_eq!(compile.argv[0], "/usr/bin/g++");
    assert_eq!(compile.limits.cpu, CpuTime::from_secs(30));
    assert_eq!(compile.limits.memory, Bytes::from_mib(2_048));
    assert_eq!(compile.env, [("TMPDIR".to_owned(), "/w".to_owned())]);
    assert_eq!(cpp.run.artefact(), Some("main"));
    let python = get("python3");
    assert_eq!(python.run.artefact(), None);
    assert_eq!(python.compile.as_ref().unwrap().artefacts, [python.source_name.as_str()]);
    for language in languages.iter() {
        assert!(language.hello.contains('h') && !language.version.is_empty(), "{}", language.id);
    }
}

#[track_caller]
fn mistakes(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let error = Languages::read(files.collect()).unwrap_err();
    error.mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn every_mistake_of_every_file_is_reported_at_once_with_its_key() {
    let cpp = std::fs::read_to_string(shipped().join("cpp17.toml")).unwrap();
    for (old, new, said) in [
        ("name = \"C++17 (GCC)\"", "", "cpp17.toml: name: missing"),
        ("name = \"C++17 (GCC)\"", "name = 17", "name: `17`"),
        ("name = ", "nome = 1\nname = ", "nome: unknown key"),
        ("cpu = \"30s\"", "cpu = \"30\"", "compile.limits.cpu: `30` is not a time"),
        ("cpu = \"30s\"", "cpu = \"0s\"", "compile.limits.cpu: limit cpu"),
        ("cpu = \"30s\"", "cpus = \"30s\"", "compile.limits.cpus: unknown key"),
        ("memory = \"2GiB\"", "memory = \"1K\"", "compile.limits.memory: limit memory"),
        ("processes = 64\nfiles = 64", "processes = 0\nfiles = 64", "processes: `0`"),
        ("processes = 64\nfiles = 64", "processes = 64\nfiles = 3", "files: limit files"),
        ("source = \"main.cpp\"", "source = \"../main.cpp\"", "source: expected a plain"),
        ("default_for = [\"cpp\"", "default_for = [\"c++\"", "`c++` is not among `extensions`"),
        ("extensions = [\"cpp\"", "extensions = [\".cpp\"", "`.cpp`; expected lower case"),
        ("argv = [\"./main\"]", "argv = [\"./other\"]", "run.argv: `./other`"),
        ("argv = [\"./main\"]", "argv = [\"main\"]", "run.argv: `main`"),
        ("argv = [\"./main\"]", "argv = []", "run.argv: an empty list"),
        ("version = [\"/usr/bin/g++\"", "version = [\"g++\"", "version: expected a command"),
        ("artefacts = [\"main\"]", "artefacts = [\"/main\"]", "compile.artefacts: `/main`"),
        ("env = { TMPDIR = \"/w\" }", "env = { TMPDIR = 1 }", "compile.env.TMPDIR"),
        ("polygon = [\"cpp.*\"]", "polygon = [\"*.*\"]", "polygon: `*.*` has more than one"),
        ("[run]\n", "[run]\nstdin = 1\n", "run.stdin: unknown key"),
        ("[run]", "[run", "file: line"),
    ] {
        assert!(cpp.contains(old), "{old}");
        let found = mistakes(&[("cpp17.toml", &cpp.replacen(old, new, 1))]);
        assert!(found.iter().any(|mistake| mistake.contains(said)), "{said}: {found:?}");
    }
    let found = mistakes(&[("a b.toml", "nome = 1"), ("c.toml", "x = ")]);
    for said in ["a b.toml: file: language `a b`", "a b.toml: nome", "a b.toml: run: missing"] {
        assert!(found.iter().any(|mistake| mistake.contains(said)), "{said}: {found:?}");
    }
    assert!(found.iter().any(|mistake| mistake.starts_with("c.toml: file: line 1")), "{found:?}");
}

#[test]
fn an_extension_or_a_type_belongs_to_one_language() {
    let cpp = std::fs::read_to_string(shipped().join("cpp17.toml")).unwrap();
    let found = mistakes(&[("cpp17.toml", &cpp), ("cpp14.toml", &cpp)]);
    assert_eq!(found.len(), 5, "three extensions, a type and a name: {found:?}");
    assert!(found[0].contains("`cc` is already claimed by cpp14.toml"), "{found:?}");
}

#[test]
fn a_directory_without_language_files_is_refused() {
    let dir = TempDir::new().unwrap();
    let error = Languages::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("no *.toml"), "{error}");
    let error = Languages::load(&dir.path().join("none")).unwrap_err().to_string();
    assert!(error.contains("cannot list"), "{error}");
}
