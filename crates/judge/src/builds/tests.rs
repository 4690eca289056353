//! The store of builds.

use super::*;

fn key(text: &str) -> Digest {
    let mut key = Key::default();
    key.part(text.as_bytes());
    key.digest()
}

fn build(size: usize) -> Build {
    Build {
        artefacts: vec![("main".to_owned(), vec![7; size]), ("b c".to_owned(), vec![])],
        cpu: CpuTime::from_ms(5),
        wall: WallTime::from_ms(6),
        log: "warning: é\n".to_owned(),
    }
}

#[test]
fn a_build_is_found_again_also_by_another_process() {
    let dir = tempfile::tempdir().unwrap();
    let builds = Builds::open(dir.path(), Builds::DEFAULT_MAX).unwrap();
    assert_eq!(builds.get(&key("a")), None);
    builds.put(&key("a"), &build(10));
    builds.put(&key("a"), &build(10));
    let other = Builds::open(dir.path(), Builds::DEFAULT_MAX).unwrap();
    for store in [&builds, &other] {
        assert_eq!(store.get(&key("a")), Some(build(10)));
        assert_eq!(store.get(&key("b")), None);
        assert_eq!(store.failures(), 0);
    }
}

#[test]
fn a_build_that_the_disk_damaged_is_a_miss_and_is_removed() {
    let damages: [fn(&Path); 4] = [
        |entry| fs::write(entry.join("0"), [8; 10]).unwrap(),
        |entry| fs::remove_file(entry.join("1")).unwrap(),
        |entry| fs::write(entry.join(MANIFEST), "").unwrap(),
        |entry| fs::write(entry.join(LOG), "").unwrap(),
    ];
    for damage in damages {
        let dir = tempfile::tempdir().unwrap();
        let builds = Builds::open(dir.path(), Builds::DEFAULT_MAX).unwrap();
        builds.put(&key("a"), &build(10));
        damage(&dir.path().join(key("a").to_string()));
        assert_eq!(builds.get(&key("a")), None);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        builds.put(&key("a"), &build(10));
        assert_eq!(builds.get(&key("a")), Some(build(10)));
    }
}

/// What other nodes have, in a list.
#[derive(Debug, Default)]
struct Others(Mutex<Vec<(Digest, Vec<u8>)>>);

impl Share for Others {
    fn fetch(&self, key: &Digest) -> Option<Vec<u8>> {
        let all = self.0.lock().unwrap();
        all.iter().find(|(known, _)| known == key).map(|(_, build)| build.clone())
    }

    fn offer(&self, key: &Digest, build: Vec<u8>) {
        self.0.lock().unwrap().push((*key, build));
    }
}

#[test]
fn what_one_node_compiled_another_has_and_keeps() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let others = Arc::new(Others::default());
    let open = |dir: &Path| Builds::open(dir, Builds::DEFAULT_MAX).unwrap();
    let with_others = |builds: Builds| {
        let share = Arc::clone(&others);
        builds.shared(share)
    };
    with_others(open(one.path())).put(&key("a"), &build(10));
    assert_eq!(open(other.path()).get(&key("a")), None);
    let second = with_others(open(other.path()));
    assert_eq!(second.get(&key("a")), Some(build(10)));
    assert_eq!(second.get(&key("b")), None);
    // From here on it has its own.
    others.0.lock().unwrap().clear();
    assert_eq!(second.get(&key("a")), Some(build(10)));
    // What another node got is not offered again.
    assert_eq!(others.0.lock().unwrap().len(), 0);
    others.offer(&key("c"), b"damaged".to_vec());
    assert_eq!(second.get(&key("c")), None);
    second.put(&key("large"), &build(MAX_SHARED / 2 + 1));
    assert_eq!(others.0.lock().unwrap().len(), 1, "too large to share");
}

#[test]
fn a_full_store_forgets_what_was_not_used_for_longest() {
    let dir = tempfile::tempdir().unwrap();
    let builds = Builds::open(dir.path(), Bytes::from_kib(40)).unwrap();
    for name in ["a", "b", "c"] {
        builds.put(&key(name), &build(10 << 10));
    }
    // Ages are set, not waited for.
    for (name, age) in [("a", 1), ("b", 3), ("c", 2)] {
        let entry = dir.path().join(key(name).to_string());
        for file in fs::read_dir(entry).unwrap() {
            let file = File::open(file.unwrap().path()).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(100 - age);
            file.set_modified(time).unwrap();
        }
    }
    builds.put(&key("d"), &build(10 << 10));
    let kept = |name| builds.get(&key(name)).is_some();
    assert_eq!(["a", "b", "c", "d"].map(kept), [true, false, false, true]);
}

#[test]
fn what_a_dead_process_left_half_written_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    let (dead, live) = (format!("{ASIDE}4194305-0"), format!("{ASIDE}{}-0", std::process::id()));
    for name in [&dead, &live] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    Builds::open(dir.path(), Builds::DEFAULT_MAX).unwrap();
    assert!(!dir.path().join(dead).exists());
    assert!(dir.path().join(live).exists());
}

#[test]
fn no_two_lists_of_parts_have_one_key() {
    let keyed = |parts: &[&str]| {
        let mut key = Key::default();
        parts.iter().for_each(|part| key.part(part.as_bytes()));
        key.digest()
    };
    assert_ne!(keyed(&["ab", "c"]), keyed(&["a", "bc"]));
    assert_ne!(keyed(&["ab"]), keyed(&["ab", ""]));
    assert_eq!(keyed(&["ab", "c"]), keyed(&["ab", "c"]));
}
