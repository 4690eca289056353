//! Making a process that has done its heavy work small again.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

/// Blocks from this size on are the kernel's own pages, untouched until they are used.
const LARGE: libc::c_int = 32 << 10;

/// What is needed of `/proc`, opened while there is one.
#[derive(Debug)]
pub(crate) struct Diet {
    maps: File,
    clear_refs: File,
}

impl Diet {
    /// Opens both files.
    ///
    /// # Errors
    /// `/proc/self` cannot be read or written.
    pub(crate) fn begin() -> io::Result<Self> {
        // SAFETY: one number of the allocator's is set.
        let _set = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
        let maps = File::open("/proc/self/smaps")?;
        let clear_refs = File::options().write(true).open("/proc/self/clear_refs")?;
        Ok(Self { maps, clear_refs })
    }

    /// Gives back what set-up has used of memory and forgets the peak.
    ///
    /// A program's first peak is that of the memory it was born in, so the warden's own has to lie
    /// below what the smallest program needs. Heap that is free goes back to the kernel; code and
    /// constants that are not in use are dropped, to be mapped again from their file when they are.
    ///
    /// # Errors
    /// The two files cannot be used; then small programs are told the warden's peak.
    pub(crate) fn end(mut self) -> io::Result<()> {
        let mut maps = String::new();
        self.maps.read_to_string(&mut maps)?;
        for (start, end) in unchanged(&maps) {
            // SAFETY: these mappings have no content of their own and cannot be written to: what is
            // dropped is read again from the file.
            let _kept = unsafe {
                let start: *mut libc::c_void = std::ptr::with_exposed_provenance_mut(start);
                libc::madvise(start, end - start.addr(), libc::MADV_DONTNEED)
            };
        }
        drop(maps);
        // SAFETY: the allocator looks after its own memory.
        let _trimmed = unsafe { libc::malloc_trim(0) };
        self.clear_refs.write_all(b"5")
    }
}

/// The ranges of `/proc/self/smaps` that are mapped from a file, cannot be written to and have never
/// been changed (by relocation, for one).
fn unchanged(smaps: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut candidate = None;
    for line in smaps.lines() {
        if let Some(anonymous) = line.strip_prefix("Anonymous:") {
            found.extend(candidate.take().filter(|_| anonymous.trim() == "0 kB"));
        } else if let Some(mapping) = mapping(line) {
            candidate = mapping;
        }
    }
    found
}

/// The range of a mapping's first line, when it is read-only and of a file.
#[expect(clippy::option_option, reason = "no mapping's line, or a mapping of another kind")]
fn mapping(line: &str) -> Option<Option<(usize, usize)>> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let range = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    let rights = words.next()?;
    let of_file = words.nth(3).is_some_and(|file| file.starts_with('/'));
    Some(Some(range).filter(|_| of_file && matches!(rights, "r-xp" | "r--p")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unchanged_mappings_of_files_are_dropped() {
        let row = |range, rights, file, own| {
            format!("{range} {rights} 00001000 fe:00 12 {file}\nRss: 8 kB\nAnonymous: {own} kB\n")
        };
        let smaps = [
            row("1000-2000", "r-xp", "/usr/bin/x", 0),
            row("2000-3000", "r--p", "/usr/bin/x", 4),
            row("3000-4000", "r--p", "/usr/bin/x", 0),
            row("4000-5000", "rw-p", "/usr/bin/x", 0),
            row("5000-6000", "r-xp", "[vdso]", 0),
            row("6000-7000", "r--p", "", 0),
        ];
        assert_eq!(unchanged(&smaps.concat()), [(0x1000, 0x2000), (0x3000, 0x4000)]);
    }
}
