//! Content at hand: builds and files of problems that are held for boxes already, so that the next
//! judging neither reads, checks nor copies them again. Shared by all slots of a node.
//!
//! Bounded in bytes and in pieces (each is a descriptor); what was not used for the longest time
//! goes first. What is in use stays alive with whoever uses it. A file is known by its inode, size
//! and times: one that was written anew is another file.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minos_model::{Bytes, CpuTime, Digest, WallTime};

/// One thing may take so large a part of all.
const LARGEST_PART: u64 = 8;
/// A build's place in the store is refreshed at each so-manieth use.
const REFRESH_EVERY: u32 = 16;

/// Builds and files that are held for boxes.
#[derive(Debug)]
pub struct AtHand<B> {
    max_bytes: u64,
    max_pieces: usize,
    held: Mutex<Held<B>>,
}

#[derive(Debug)]
struct Held<B> {
    things: HashMap<Name, Thing<B>>,
    bytes: u64,
    pieces: usize,
    /// Goes up with each use.
    turn: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Name {
    Build(Digest),
    File(Stamp),
}

#[derive(Debug)]
struct Thing<B> {
    what: What<B>,
    bytes: u64,
    pieces: usize,
    used: u64,
}

#[derive(Debug)]
enum What<B> {
    Build(Arc<Ready<B>>),
    File(B),
}

/// A build whose artefacts are held for boxes.
#[derive(Debug)]
pub(crate) struct Ready<B> {
    pub(crate) artefacts: Vec<(String, B)>,
    pub(crate) cpu: CpuTime,
    pub(crate) wall: WallTime,
    pub(crate) log: String,
    uses: AtomicU32,
}

impl<B> Ready<B> {
    pub(crate) const fn new(
        artefacts: Vec<(String, B)>,
        (cpu, wall): (CpuTime, WallTime),
        log: String,
    ) -> Self {
        Self { artefacts, cpu, wall, log, uses: AtomicU32::new(0) }
    }

    /// Whether the store should hear, with this use, that the build is used.
    pub(crate) fn is_to_be_refreshed(&self) -> bool {
        self.uses.fetch_add(1, Ordering::Relaxed) % REFRESH_EVERY == REFRESH_EVERY - 1
    }
}

/// What a file is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// That of a file; `None` for one that cannot be seen.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }
}

impl<B> Default for AtHand<B> {
    /// Enough for the programs and tests of one problem.
    fn default() -> Self {
        Self::new(Bytes::from_mib(64), 256)
    }
}

impl<B> AtHand<B> {
    /// Nothing yet, and never more than so many bytes and descriptors.
    #[must_use]
    pub fn new(bytes: Bytes, pieces: usize) -> Self {
        let held = Held { things: HashMap::new(), bytes: 0, pieces: 0, turn: 0 };
        Self { max_bytes: bytes.get(), max_pieces: pieces, held: Mutex::new(held) }
    }

    fn held(&self) -> MutexGuard<'_, Held<B>> {
        // Whole after every call: nothing in between panics.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A build, by its key.
    pub(crate) fn build(&self, key: &Digest) -> Option<Arc<Ready<B>>> {
        self.held().find(Name::Build(*key), |what| match what {
            What::Build(ready) => Some(Arc::clone(ready)),
            What::File(_) => None,
        })
    }

    /// Holds a build of so many bytes.
    pub(crate) fn keep_build(&self, key: &Digest, ready: &Arc<Ready<B>>, bytes: u64) {
        let pieces = ready.artefacts.len();
        self.keep(Name::Build(*key), What::Build(Arc::clone(ready)), (bytes, pieces));
    }

    fn keep(&self, name: Name, what: What<B>, (bytes, pieces): (u64, usize)) {
        let large = bytes > self.max_bytes / LARGEST_PART;
        if large || pieces > self.max_pieces {
            return;
        }
        let mut held = self.held();
        held.turn += 1;
        let used = held.turn;
        held.bytes += bytes;
        held.pieces += pieces;
        if let Some(before) = held.things.insert(name, Thing { what, bytes, pieces, used }) {
            held.forget(&before);
        }
        let mut gone = Vec::new();
        while held.bytes > self.max_bytes || held.pieces > self.max_pieces {
            let Some(oldest) = held.oldest() else { break };
            if let Some(thing) = held.things.remove(&oldest) {
                held.forget(&thing);
                gone.push(thing);
            }
        }
        // Memory is given back without the lock.
        drop(held);
    }
}

impl<B: Clone> AtHand<B> {
    /// A file's content, by its stamp.
    pub(crate) fn file(&self, stamp: Stamp) -> Option<B> {
        self.held().find(Name::File(stamp), |what| match what {
            What::File(content) => Some(content.clone()),
            What::Build(_) => None,
        })
    }

    /// Holds a file's content of so many bytes.
    pub(crate) fn keep_file(&self, stamp: Stamp, content: &B, bytes: u64) {
        self.keep(Name::File(stamp), What::File(content.clone()), (bytes, 1));
    }
}

impl<B> Held<B> {
    fn find<T>(&mut self, name: Name, take: impl FnOnce(&What<B>) -> Option<T>) -> Option<T> {
        self.turn += 1;
        let thing = self.things.get_mut(&name)?;
        thing.used = self.turn;
        take(&thing.what)
    }

    fn oldest(&self) -> Option<Name> {
        self.things.iter().min_by_key(|(_, thing)| thing.used).map(|(name, _)| *name)
    }

    fn forget(&mut self, thing: &Thing<B>) {
        self.bytes -= thing.bytes;
        self.pieces -= thing.pieces;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builds::digest_of;

    fn keep(at_hand: &AtHand<&'static str>, name: &[u8], (bytes, pieces): (u64, usize)) {
        let artefacts = vec![(String::new(), "content"); pieces];
        let ready = Ready::new(artefacts, (CpuTime::ZERO, WallTime::ZERO), String::new());
        at_hand.keep_build(&digest_of(name), &Arc::new(ready), bytes);
    }

    fn has(at_hand: &AtHand<&'static str>, name: &[u8]) -> bool {
        at_hand.build(&digest_of(name)).is_some()
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_goes_first_when_a_bound_is_passed() {
        for (bytes, pieces, fits) in [
            (Bytes::new(80), 100, true),
            (Bytes::new(79), 100, false),
            (Bytes::new(1_000), 9, true),
            (Bytes::new(1_000), 8, false),
        ] {
            let at_hand = AtHand::new(bytes, pieces);
            for name in b"abcdefg" {
                keep(&at_hand, &[*name], (9, 1));
            }
            assert!(has(&at_hand, b"a"), "used last");
            keep(&at_hand, b"h", (9, 1));
            keep(&at_hand, b"h", (8, 1));
            // 9 * 7 + 8 bytes in 8 pieces, and then one more.
            keep(&at_hand, b"i", (9, 1));
            assert_eq!(has(&at_hand, b"b"), fits, "{bytes} {pieces}");
            assert!(b"acdefghi".iter().all(|name| has(&at_hand, &[*name])), "{bytes} {pieces}");
        }
    }

    #[test]
    fn one_thing_takes_an_eighth_at_most() {
        let at_hand = AtHand::new(Bytes::new(80), 4);
        for (bytes, pieces, kept) in [(10, 1, true), (11, 1, false), (1, 4, true), (1, 5, false)] {
            let name = format!("{bytes} {pieces}");
            keep(&at_hand, name.as_bytes(), (bytes, pieces));
            assert_eq!(has(&at_hand, name.as_bytes()), kept, "{name}");
        }
    }

    #[test]
    fn a_file_that_was_written_anew_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("01");
        fs::write(&path, "one").unwrap();
        let at_hand = AtHand::<&str>::default();
        let first = Stamp::of(&path).unwrap();
        at_hand.keep_file(first, &"one", 3);
        assert_eq!(at_hand.file(Stamp::of(&path).unwrap()), Some("one"));
        fs::write(dir.path().join("new"), "two").unwrap();
        fs::rename(dir.path().join("new"), &path).unwrap();
        assert_eq!(at_hand.file(Stamp::of(&path).unwrap()), None);
        assert_eq!(Stamp::of(&dir.path().join("nothing")), None);
    }

    #[test]
    fn the_store_hears_of_some_of_the_uses() {
        let ready = Ready::<()>::new(Vec::new(), (CpuTime::ZERO, WallTime::ZERO), String::new());
        let heard = (0..100).filter(|_use| ready.is_to_be_refreshed()).count();
        assert_eq!(heard, 6);
    }
}
