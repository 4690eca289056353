use std::io::Cursor;
use std::sync::atomic::{AtomicU32, Ordering};

use minos_problem::Package;
use tokio::sync::Notify;

use super::*;

/// A package store in memory.
#[derive(Debug, Default)]
struct Shop {
    archives: Mutex<HashMap<Digest, Vec<u8>>>,
    names: Mutex<HashMap<String, Digest>>,
    fetches: AtomicU32,
    /// While there is one, a fetch waits for it.
    hold: Mutex<Option<Arc<Notify>>>,
}

impl Store for Arc<Shop> {
    async fn resolve(&self, wanted: &ProblemRef) -> Result<Digest, QueueError> {
        let known = lock(&self.names).get(wanted.id.as_str()).copied();
        known.ok_or_else(|| QueueError::UnknownProblem(wanted.clone()))
    }

    async fn fetch(&self, revision: &Digest, to: &mut tokio::fs::File) -> Result<(), QueueError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let hold = lock(&self.hold).clone();
        if let Some(hold) = hold {
            hold.notified().await;
        }
        let archive = lock(&self.archives).get(revision).cloned();
        let archive = archive.ok_or(QueueError::NoObject { bucket: "PKG", digest: *revision })?;
        to.write_all(&archive).await.unwrap();
        Ok(())
    }
}

/// Makes the problem of that name with tests of so many bytes, and puts it into the shop.
fn push(shop: &Shop, dir: &Path, name: &str, bytes: usize) {
    let package = dir.join(format!("package-{name}"));
    fs::create_dir_all(package.join("tests")).unwrap();
    fs::create_dir_all(package.join("solutions")).unwrap();
    fs::write(package.join("tests/01"), "1".repeat(bytes)).unwrap();
    fs::write(package.join("tests/01.a"), "1\n").unwrap();
    fs::write(package.join("solutions/main.py"), "print(1)\n").unwrap();
    let manifest = format!(
        r#"<problem revision="1" short-name="{name}">
<names><name language="english" value="{name}"/></names>
<judging input-file="" output-file=""><testset name="tests">
<time-limit>1000</time-limit><memory-limit>268435456</memory-limit><test-count>1</test-count>
<input-path-pattern>tests/%02d</input-path-pattern>
<answer-path-pattern>tests/%02d.a</answer-path-pattern>
<tests><test method="manual"/></tests></testset></judging>
<assets><checker name="std::wcmp.cpp" type="testlib"/><solutions>
<solution tag="main"><source path="solutions/main.py" type="python.3"/></solution>
</solutions></assets></problem>"#
    );
    fs::write(package.join("problem.xml"), manifest).unwrap();
    let package = Package::open(&package).unwrap();
    let cache = Cache::open(dir.join("pushing")).unwrap();
    let mut draft = cache.begin(&package).unwrap();
    draft.put_input(0, "1".repeat(bytes).as_bytes()).unwrap();
    draft.put_answer(0, "1\n".as_bytes()).unwrap();
    let problem = draft.publish().unwrap();
    let mut archive = Cursor::new(Vec::new());
    cache.pack(&problem, &mut archive).unwrap();
    lock(&shop.archives).insert(problem.revision, archive.into_inner());
    lock(&shop.names).insert(name.to_owned(), problem.revision);
}

fn shelf(shop: &Arc<Shop>, dir: &Path, max: Bytes) -> Shelf<Arc<Shop>> {
    Shelf::open(&dir.join("node"), max, Arc::clone(shop)).unwrap()
}

fn named(name: &str) -> ProblemRef {
    name.parse().unwrap()
}

const LARGE: Bytes = Bytes::from_mib(64);

#[tokio::test]
async fn a_problem_is_fetched_once_however_many_slots_want_it() {
    let (shop, dir) = (Arc::new(Shop::default()), tempfile::tempdir().unwrap());
    push(&shop, dir.path(), "a", 10);
    let shelf = shelf(&shop, dir.path(), LARGE);
    let gate = Arc::new(Notify::new());
    *lock(&shop.hold) = Some(Arc::clone(&gate));
    let wanted = named("a");
    let open = async {
        crate::testing::eventually("a fetch", || shop.fetches.load(Ordering::SeqCst) == 1).await;
        gate.notify_one();
    };
    let (one, two, three, ()) =
        tokio::join!(shelf.problem(&wanted), shelf.problem(&wanted), shelf.problem(&wanted), open);
    let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
    assert!(Arc::ptr_eq(&one, &two) && Arc::ptr_eq(&two, &three));
    assert_eq!(shop.fetches.load(Ordering::SeqCst), 1);
    assert!(one.tests[0].input.is_file());
    assert!(lock(&shelf.fetching).is_empty(), "nothing is kept of a fetch that is over");
}

#[tokio::test]
async fn a_problem_outlives_the_node_on_disk() {
    let (shop, dir) = (Arc::new(Shop::default()), tempfile::tempdir().unwrap());
    push(&shop, dir.path(), "a", 10);
    shelf(&shop, dir.path(), LARGE).problem(&named("a")).await.unwrap();
    shelf(&shop, dir.path(), LARGE).problem(&named("a")).await.unwrap();
    assert_eq!(shop.fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_was_not_used_for_longest_goes_first_and_what_is_in_use_stays() {
    let (shop, dir) = (Arc::new(Shop::default()), tempfile::tempdir().unwrap());
    for name in ["a", "b", "c"] {
        push(&shop, dir.path(), name, 40 << 10);
    }
    let shelf = shelf(&shop, dir.path(), Bytes::from_kib(100));
    let in_use = shelf.problem(&named("a")).await.unwrap();
    let b = shelf.problem(&named("b")).await.unwrap().dir.clone();
    let c = shelf.problem(&named("c")).await.unwrap().dir.clone();
    assert!(in_use.dir.is_dir(), "a slot judges with it");
    assert!(!b.exists(), "the oldest that nobody uses");
    assert!(c.is_dir(), "the one that was just fetched");
    shelf.problem(&named("b")).await.unwrap();
    assert!(!c.exists());
    assert_eq!(shop.fetches.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_problem_whose_judging_failed_is_fetched_again_once_nobody_uses_it() {
    let (shop, dir) = (Arc::new(Shop::default()), tempfile::tempdir().unwrap());
    push(&shop, dir.path(), "a", 10);
    let shelf = shelf(&shop, dir.path(), LARGE);
    let problem = shelf.problem(&named("a")).await.unwrap();
    // As long as before: only its bytes differ.
    fs::write(&problem.tests[0].answer, "2\n").unwrap();
    shelf.distrust(&problem.revision);
    let error = shelf.problem(&named("a")).await.unwrap_err();
    assert!(matches!(error, NoProblem::Unready { .. }), "a suspect copy is handed out: {error}");
    assert!(problem.tests[0].answer.exists(), "nothing is removed under a slot that judges");
    drop(problem);
    let again = shelf.problem(&named("a")).await.unwrap();
    assert_eq!(fs::read(&again.tests[0].answer).unwrap(), b"1\n");
    assert_eq!(shop.fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_archive_that_is_damaged_or_missing_is_no_problem_and_leaves_nothing() {
    let (shop, dir) = (Arc::new(Shop::default()), tempfile::tempdir().unwrap());
    push(&shop, dir.path(), "a", 10);
    let shelf = shelf(&shop, dir.path(), LARGE);
    let error = shelf.problem(&named("b")).await.unwrap_err();
    assert!(matches!(error, NoProblem::Unknown(_)), "{error}");
    for archive in lock(&shop.archives).values_mut() {
        let middle = archive.len() / 2;
        archive.truncate(middle);
    }
    let error = shelf.problem(&named("a")).await.unwrap_err();
    assert!(matches!(error, NoProblem::Damaged { .. }), "{error}");
    lock(&shop.archives).clear();
    let error = shelf.problem(&named("a")).await.unwrap_err();
    assert!(matches!(error, NoProblem::Unknown(_)), "{error}");
    let left = fs::read_dir(dir.path().join("node/problems")).unwrap().count();
    assert_eq!(left, 0);
}
