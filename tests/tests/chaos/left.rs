//! What a node that was killed may leave on its machine beside processes.

use std::fs;
use std::path::{Path, PathBuf};

/// The directories of a node's life in every hierarchy of control groups of this machine.
pub(crate) fn groups(life: &str) -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("/proc");
    let mut found = Vec::new();
    for line in mounts.lines().filter(|line| line.contains(" - cgroup")) {
        let place = line.split(' ').nth(4).expect("a mount has a place");
        search(Path::new(place), life, &mut found);
    }
    found
}

fn search(dir: &Path, life: &str, found: &mut Vec<PathBuf>) {
    // Groups come and go while one looks.
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten().filter(|one| one.file_type().is_ok_and(|kind| kind.is_dir())) {
        if entry.file_name().to_string_lossy().starts_with(life) {
            found.push(entry.path());
        } else {
            search(&entry.path(), life, found);
        }
    }
}

/// The mounts of boxes that are in this namespace, where none belongs.
pub(crate) fn mounts() -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("/proc");
    mounts.lines().filter(|line| line.contains(" - tmpfs minos ")).map(str::to_owned).collect()
}
