//! A small package in memory, to be bent by each test.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{Package, PackageError};

/// Two tests, one of them generated, in two groups; a checker, a validator, two solutions.
pub(super) const MANIFEST: &str = r#"<?xml version="1.0" encoding="utf-8" standalone="no"?>
<problem revision="3" short-name="sums" url="https://example.org/sums">
  <names><name language="russian" value="Суммы"/><name language="english" value="Sums"/></names>
  <judging cpu-name="any" cpu-speed="3600" input-file="" output-file="" run-count="1">
    <testset name="tests">
      <time-limit>1500</time-limit>
      <memory-limit>268435456</memory-limit>
      <test-count>2</test-count>
      <input-path-pattern>tests/%02d</input-path-pattern>
      <answer-path-pattern>tests/%02d.a</answer-path-pattern>
      <tests>
        <test method="manual" sample="true" group="0" points="0.0"/>
        <test method="generated" cmd="gen -n 10 'two words'" group="1" points="32.5" description="d"/>
      </tests>
      <groups>
        <group name="0" points-policy="each-test" feedback-policy="complete"/>
        <group name="1" points="32.5" points-policy="complete-group" feedback-policy="icpc">
          <dependencies><dependency group="0"/></dependencies>
        </group>
      </groups>
    </testset>
  </judging>
  <files>
    <resources><file path="files/olymp.sty"/><file path="files/extra.h" type="h.g++"/></resources>
    <executables><executable><source path="files/gen.cpp" type="cpp.g++17"/></executable></executables>
  </files>
  <assets>
    <checker name="std::ncmp.cpp" type="testlib">
      <source path="files/check.cpp" type="cpp.g++17"/>
      <copy path="check.cpp"/>
      <testset><test-count>1</test-count>
        <input-path-pattern>files/tests/checker-tests/%02d</input-path-pattern>
        <output-path-pattern>files/tests/checker-tests/%02d.o</output-path-pattern>
        <answer-path-pattern>files/tests/checker-tests/%02d.a</answer-path-pattern>
        <tests><test verdict="wrong-answer"/></tests>
      </testset>
    </checker>
    <validators><validator><source path="files/val.cpp" type="cpp.g++17"/>
      <testset><test-count>1</test-count>
        <input-path-pattern>files/tests/validator-tests/%02d</input-path-pattern>
        <tests><test verdict="invalid" group="1"/></tests>
      </testset>
    </validator></validators>
    <solutions>
      <solution tag="main"><source path="solutions/main.cpp" type="cpp.g++17"/></solution>
      <solution tag="rejected" note="slow"><source path="solutions/slow.d" type="d"/>
        <extra-tags>
          <extra-tag group="1" tag="accepted"/><extra-tag testset="tests" tag="time-limit-exceeded"/>
        </extra-tags>
      </solution>
    </solutions>
  </assets>
</problem>
"#;

#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl Default for Sample {
    fn default() -> Self {
        let mut sample = Self { files: BTreeMap::new() };
        for (path, content) in [
            ("problem.xml", MANIFEST),
            ("tests/01", "1 2\r\n3\r\n"),
            ("tests/01.a", "6\r\n"),
            ("files/gen.cpp", "// gen"),
            ("files/check.cpp", "// check"),
            ("files/val.cpp", "// val"),
            ("files/extra.h", "// extra"),
            ("files/tests/checker-tests/01", "1"),
            ("files/tests/checker-tests/01.o", "2"),
            ("files/tests/checker-tests/01.a", "1"),
            ("files/tests/validator-tests/01", "x"),
            ("solutions/main.cpp", "// main"),
            ("solutions/slow.d", "// slow"),
        ] {
            sample.put(path, content);
        }
        sample
    }
}

impl Sample {
    pub(super) fn put(&mut self, path: &str, content: impl AsRef<[u8]>) -> &mut Self {
        self.files.insert(path.to_owned(), content.as_ref().to_owned());
        self
    }

    pub(super) fn without(mut self, path: &str) -> Self {
        assert!(self.files.remove(path).is_some(), "{path} is in the sample");
        self
    }

    /// The sample with one piece of its manifest replaced.
    #[track_caller]
    pub(super) fn with(mut self, old: &str, new: &str) -> Self {
        let manifest = String::from_utf8(self.files["problem.xml"].clone()).unwrap();
        assert!(manifest.contains(old), "{old} is in the manifest");
        self.put("problem.xml", manifest.replacen(old, new, 1));
        self
    }

    /// A package of version 2025-09: a sample, two groups, a validator of each kind, solutions.
    pub(super) fn icpc() -> Self {
        let mut sample = Self { files: BTreeMap::new() };
        for (path, content) in [
            (
                "problem.yaml",
                "problem_format_version: 2025-09\ntype: scoring\nname: Sums\nuuid: u\n\
                 limits:\n  time_limit: 1.5\n  memory: 256\n",
            ),
            ("data/sample/1.in", "1\n"),
            ("data/sample/1.ans", "1\n"),
            ("data/secret/g1/test_group.yaml", "max_score: 40\nrequire_pass: sample\n"),
            ("data/secret/g1/a.in", "2\n"),
            ("data/secret/g1/a.ans", "2\n"),
            ("data/secret/g2/test_group.yaml", "max_score: 60\nscore_aggregation: sum\n"),
            ("data/secret/g2/b.in", "3\n"),
            ("data/secret/g2/b.ans", "3\n"),
            ("data/secret/g2/b.yaml", "args: [x, y z]\n"),
            ("data/secret/g2/b.files/table", "t\n"),
            ("data/secret/g2/c.in", "4\n"),
            ("data/secret/g2/c.ans", "4\n"),
            ("input_validators/v.py", "# v"),
            ("output_validator/check.cpp", "// c"),
            ("submissions/accepted/a.py", "# a"),
            ("submissions/wrong_answer/w.cpp", "// w"),
            (
                "submissions/submissions.yaml",
                "wrong_answer/*:\n  secret/g1:\n    permitted: [AC]\n",
            ),
        ] {
            sample.put(path, content);
        }
        sample
    }

    /// A package of the version without a name: a tree of groups.
    pub(super) fn legacy() -> Self {
        let mut sample = Self { files: BTreeMap::new() };
        for (path, content) in [
            ("problem.yaml", "name: Sums\ntype: scoring\nvalidator_flags: float_tolerance 1e-6\n"),
            ("data/testdata.yaml", "on_reject: continue\ngrader_flags: ignore_sample\n"),
            ("data/sample/1.in", "1\n"),
            ("data/sample/1.ans", "1\n"),
            ("data/secret/g1/testdata.yaml", "grader_flags: min first_error\naccept_score: 40\n"),
            ("data/secret/g1/a.in", "2\n"),
            ("data/secret/g1/a.ans", "2\n"),
            ("data/secret/z.in", "3\n"),
            ("data/secret/z.ans", "3\n"),
            ("input_validators/v.py", "# v"),
            ("submissions/accepted/a.py", "# a"),
            ("submissions/partially_accepted/p.cpp", "// p"),
        ] {
            sample.put(path, content);
        }
        sample
    }

    /// The sample with one piece of one of its files replaced; an empty piece is its end.
    #[track_caller]
    pub(super) fn edit(mut self, path: &str, old: &str, new: &str) -> Self {
        let text = String::from_utf8(self.files[path].clone()).unwrap();
        assert!(text.contains(old), "{old} is in {path}");
        let text = if old.is_empty() { text + new } else { text.replacen(old, new, 1) };
        self.put(path, text);
        self
    }

    /// The sample with one more file.
    pub(super) fn and(mut self, path: &str, content: &str) -> Self {
        self.put(path, content);
        self
    }

    pub(super) fn write(&self, dir: &Path) {
        for (path, content) in &self.files {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    /// As a zip, every name changed by `rename`.
    pub(super) fn zip(&self, path: &Path, rename: impl Fn(&str) -> String) {
        let mut zip = ZipWriter::new(File::create(path).unwrap());
        for (name, content) in &self.files {
            zip.start_file(rename(name), SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap();
    }

    /// Opens the sample as a directory.
    pub(super) fn open(&self) -> Result<Package, PackageError> {
        let dir = TempDir::new().unwrap();
        let package = dir.path().join("sums");
        self.write(&package);
        Package::open(&package)
    }

    /// Opens the sample as a directory that stays.
    pub(super) fn open_in(&self, dir: &Path) -> Package {
        self.write(dir);
        Package::open(dir).unwrap()
    }
}

/// A zip of the given entries, in order.
pub(super) fn zip_of(dir: &TempDir, entries: &[(&str, &[u8])]) -> PathBuf {
    let path = dir.path().join("package.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    path
}

/// Replaces bytes of a file wherever they stand.
pub(super) fn patch(path: &Path, old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let mut bytes = fs::read(path).unwrap();
    let mut count = 0;
    for start in 0..bytes.len() - old.len() {
        if &bytes[start..start + old.len()] == old {
            bytes[start..start + old.len()].copy_from_slice(new);
            count += 1;
        }
    }
    assert!(count > 0, "the bytes are there");
    fs::write(path, bytes).unwrap();
}
