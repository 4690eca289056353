//! The cache: drafts, publishing, repair, archives of prepared problems.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::sample::Sample;
use crate::{Cache, CacheError, Checker, Package, Problem};

struct Set {
    dir: TempDir,
    package: Package,
    cache: Cache,
}

fn set() -> Set {
    let dir = TempDir::new().unwrap();
    let package = Sample::default().open_in(&dir.path().join("package"));
    let cache = Cache::open(dir.path().join("cache")).unwrap();
    Set { dir, package, cache }
}

fn prepare(cache: &Cache, package: &Package) -> Result<Problem, CacheError> {
    let mut draft = cache.begin(package)?;
    for test in 0..package.tests.len() {
        draft.put_input(test, b"1 2\r\n3\r\n".as_slice())?;
        draft.put_answer(test, b"6\r\n".as_slice())?;
    }
    draft.publish()
}

fn drafts(set: &Set) -> Vec<PathBuf> {
    let entries = fs::read_dir(set.dir.path().join("cache/drafts")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_published_problem_is_complete_and_read_back_as_it_was() {
    let set = set();
    assert_eq!(set.cache.get(&set.package.revision).unwrap(), None);
    let problem = prepare(&set.cache, &set.package).unwrap();
    assert_eq!(set.cache.get(&set.package.revision).unwrap().as_ref(), Some(&problem));
    assert_eq!((problem.id.as_str(), problem.name.as_str()), ("sums", "Sums"));
    assert_eq!(problem.limits, set.package.limits);
    assert_eq!(problem.groups, set.package.groups);
    let test = &problem.tests[1];
    assert_eq!((test.name.as_str(), test.points, test.sample), ("02", Some(32.5), false));
    assert_eq!(fs::read(&test.input).unwrap(), b"1 2\n3\n", "lines end as on unix");
    assert_eq!(fs::read(&test.answer).unwrap(), b"6\n");
    let Checker::Program(part) = &problem.checker else { panic!("a program") };
    assert_eq!(fs::read(&part.source).unwrap(), b"// check");
    let names: Vec<_> = part.resources.iter().map(|path| path.file_name().unwrap()).collect();
    assert_eq!(names, ["extra.h", "testlib.h"]);
    assert_eq!(drafts(&set), Vec::<PathBuf>::new());
}

#[test]
fn a_draft_without_an_answer_cannot_be_published_and_leaves_nothing() {
    let set = set();
    let mut draft = set.cache.begin(&set.package).unwrap();
    draft.put_input(0, b"1".as_slice()).unwrap();
    draft.put_input(1, b"1".as_slice()).unwrap();
    draft.put_answer(0, b"1".as_slice()).unwrap();
    assert!(matches!(draft.put_answer(2, b"1".as_slice()), Err(CacheError::NoTest { .. })));
    let error = draft.publish().unwrap_err();
    assert_eq!(error.to_string(), "test 02 has no answer: the draft is not complete");
    assert_eq!(set.cache.get(&set.package.revision).unwrap(), None);
    assert_eq!(drafts(&set), Vec::<PathBuf>::new());
}

#[test]
fn of_two_who_prepare_at_once_one_publishes_and_both_get_the_problem() {
    let set = set();
    let (cache, package) = (&set.cache, &set.package);
    let problems: Vec<Problem> = std::thread::scope(|scope| {
        let both: Vec<_> = (0..4)
            .map(|_| {
                // A cache of its own each, as another process would have.
                let other = Cache::open(set.dir.path().join("cache")).unwrap();
                scope.spawn(move || prepare(&other, package).unwrap())
            })
            .collect();
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(problems.iter().all(|problem| *problem == problems[0]));
    assert_eq!(cache.get(&package.revision).unwrap().as_ref(), problems.first());
    assert_eq!(drafts(&set), Vec::<PathBuf>::new());
}

#[test]
fn what_a_killed_process_left_is_swept_and_a_living_draft_is_not() {
    let set = set();
    let living = set.cache.begin(&set.package).unwrap();
    let dead = set.dir.path().join("cache/drafts/4294967-0");
    fs::create_dir_all(dead.join("tests")).unwrap();
    fs::write(dead.join("tests/01.in"), "half").unwrap();
    File::create(dead.with_extension("lock")).unwrap();
    let nameless = set.dir.path().join("cache/drafts/nameless");
    fs::create_dir(&nameless).unwrap();
    Cache::open(set.dir.path().join("cache")).unwrap();
    assert!(!dead.exists() && !nameless.exists());
    assert!(living.dir().is_dir());
    drop(living);
    assert_eq!(drafts(&set), Vec::<PathBuf>::new());
}

#[test]
fn a_damaged_problem_is_not_served_and_can_be_prepared_again() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 5] = [
        ("cut", |dir| fs::write(dir.join("tests/01.in"), "1").unwrap()),
        ("gone", |dir| fs::remove_file(dir.join("tests/02.ans")).unwrap()),
        ("no manifest", |dir| fs::remove_file(dir.join("problem.json")).unwrap()),
        ("half a manifest", |dir| fs::write(dir.join("problem.json"), "{").unwrap()),
        ("a link", |dir| {
            fs::remove_file(dir.join("tests/01.in")).unwrap();
            std::os::unix::fs::symlink("01.ans", dir.join("tests/01.in")).unwrap();
        }),
    ];
    let set = set();
    for (what, damage) in damages {
        let problem = prepare(&set.cache, &set.package).unwrap();
        damage(&problem.dir);
        assert_eq!(set.cache.get(&set.package.revision).unwrap(), None, "{what}");
        assert!(!problem.dir.exists(), "{what}");
        let problem = prepare(&set.cache, &set.package).unwrap();
        damage(&problem.dir);
        let again = prepare(&set.cache, &set.package).unwrap();
        assert_eq!(set.cache.get(&set.package.revision).unwrap(), Some(again), "{what}");
        set.cache.remove(&set.package.revision).unwrap();
    }
    set.cache.remove(&set.package.revision).unwrap();
    assert_eq!(drafts(&set), Vec::<PathBuf>::new());
}

fn packed(set: &Set, problem: &Problem) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    set.cache.pack(problem, &mut bytes).unwrap();
    bytes.into_inner()
}

#[test]
fn a_problem_travels_in_an_archive() {
    let set = set();
    let problem = prepare(&set.cache, &set.package).unwrap();
    let archive = packed(&set, &problem);
    assert_eq!(packed(&set, &problem), archive, "the same bytes each time");
    let elsewhere = Cache::open(set.dir.path().join("elsewhere")).unwrap();
    let unpacked = elsewhere.unpack(&problem.revision, Cursor::new(&archive)).unwrap();
    assert_eq!(elsewhere.get(&problem.revision).unwrap().as_ref(), Some(&unpacked));
    assert_eq!(unpacked.tests.len(), problem.tests.len());
    assert_eq!(fs::read(&unpacked.tests[0].input).unwrap(), b"1 2\n3\n");
    assert_ne!(unpacked.dir, problem.dir);
    assert_eq!(packed(&Set { cache: elsewhere, ..set }, &unpacked), archive);
}

#[test]
fn an_archive_that_is_not_what_it_says_is_refused_by_file_and_leaves_nothing() {
    let set = set();
    let problem = prepare(&set.cache, &set.package).unwrap();
    let good = packed(&set, &problem);
    let dir = TempDir::new().unwrap();
    let elsewhere = Cache::open(dir.path()).unwrap();
    let refuse = |archive: &[u8], revision: &minos_model::Digest, said: &str| {
        let error = elsewhere.unpack(revision, Cursor::new(archive)).unwrap_err();
        assert!(matches!(error, CacheError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(said), "{said}: {error}");
        for part in ["drafts", "problems"] {
            assert_eq!(fs::read_dir(dir.path().join(part)).unwrap().count(), 0, "{said}");
        }
    };
    let other = minos_model::Digest::from_bytes([7; 32]);
    refuse(&good, &other, "problem.json: revision");
    refuse(&good[..good.len() / 2], &problem.revision, "problem.json");
    refuse(b"", &problem.revision, "problem.json");

    // Archives whose files differ from a manifest that is otherwise right.
    let manifest = problem.dir.join("problem.json");
    let original = fs::read_to_string(&manifest).unwrap();
    for (old, new, said) in [
        ("\"bytes\": 6,", "\"bytes\": 7,", "tests/01.in: its length is not 7 bytes"),
        ("\"bytes\": 6,", "\"bytes\": 5,", "tests/01.in: its length is not 5 bytes"),
        ("\"sha256\": \"", "\"sha256\": \"0", "checker/check.cpp: SHA-256"),
        ("minos.problem/2", "minos.problem/9", "problem.json: schema"),
        ("\"tests/01.in\",", "\"../../01.in\",", "../../01.in: not listed among the files"),
        (
            "\"path\": \"tests/01.in\"",
            "\"path\": \"/tests/01.in\"",
            "/tests/01.in: no plain relative path",
        ),
        ("\"tests/01.ans\",\n      \"bytes\"", "\"tests/01.in\",\n      \"bytes\"", "listed twice"),
        ("\"name\": \"Sums\"", "\"title\": \"Sums\"", "problem.json: unknown field"),
    ] {
        assert!(original.contains(old), "{old}: {original}");
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        let mut add = |name: &str, content: &[u8]| {
            zip.start_file(name, options).unwrap();
            std::io::Write::write_all(&mut zip, content).unwrap();
        };
        add("problem.json", original.replacen(old, new, 1).as_bytes());
        for name in ["checker/check.cpp", "checker/extra.h", "checker/testlib.h"] {
            add(name, &fs::read(problem.dir.join(name)).unwrap());
        }
        for name in ["tests/01.in", "tests/01.ans", "tests/02.in", "tests/02.ans"] {
            add(name, &fs::read(problem.dir.join(name)).unwrap());
        }
        refuse(&zip.finish().unwrap().into_inner(), &problem.revision, said);
    }
}

#[test]
fn an_archive_with_a_stranger_in_it_is_refused() {
    let set = set();
    let problem = prepare(&set.cache, &set.package).unwrap();
    let archive = packed(&set, &problem);
    let mut zip = zip::ZipWriter::new_append(Cursor::new(archive)).unwrap();
    zip.start_file("../stranger", zip::write::SimpleFileOptions::default()).unwrap();
    let archive = zip.finish().unwrap().into_inner();
    set.cache.remove(&problem.revision).unwrap();
    let error = set.cache.unpack(&problem.revision, Cursor::new(archive)).unwrap_err();
    assert!(error.to_string().contains("../stranger: not listed"), "{error}");
    assert_eq!(set.cache.get(&problem.revision).unwrap(), None);
}
