//! Making a process that has done its heavy work small again.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::AsRawFd as _;

use crate::blob;

/// Blocks from this size on are the kernel's own pages, untouched until they are used.
const LARGE: libc::c_int = 32 << 10;

/// What is needed of `/proc`, opened while there is one, and what has been made of the memory.
#[derive(Debug)]
pub(crate) struct Diet {
    maps: File,
    clear_refs: File,
    /// Ranges whose pages are as their file has them.
    fresh: Vec<Range>,
    /// Ranges that are mapped in groups.
    groups: Vec<Range>,
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
        Ok(Self { maps, clear_refs, fresh: Vec::new(), groups: Vec::new() })
    }

    /// Gives back what set-up has used of memory and forgets the peak.
    ///
    /// A program's first peak is that of the memory it was born in, so the warden's own has to lie
    /// below what the smallest program needs. Heap that is free goes back to the kernel. What has
    /// been written, and is large, moves to a memory file that is mapped in its place; then all of
    /// what comes from a file is dropped, to be mapped again when it is used. That happens by few
    /// pages: the kernel maps 16 around each that is missing, but none of another mapping, so every
    /// second group of eight is made one.
    ///
    /// # Errors
    /// The files cannot be used; then small programs are told the warden's peak.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        // SAFETY: the allocator looks after its own memory.
        let _trimmed = unsafe { libc::malloc_trim(0) };
        let mut maps = String::new();
        self.maps.read_to_string(&mut maps)?;
        let (mut own, mut fresh) = (Vec::new(), Vec::new());
        read(&maps, &mut own, &mut fresh);
        let total = own.iter().map(Own::length).sum::<usize>();
        let file = blob::unsealed()?;
        file.set_len(total as u64)?;
        drop(maps);
        fresh.extend(own.iter().filter(|mapping| !mapping.writable).map(|mapping| mapping.range));
        move_out(&own, file.as_raw_fd())?;
        for (start, end) in &fresh {
            split(*start, *end);
        }
        self.groups =
            own.iter().map(|mapping| mapping.range).chain(fresh.iter().copied()).collect();
        self.fresh = fresh;
        self.forget()
    }

    /// Makes one mapping again of groups that nothing has touched since, once whatever serves has
    /// been at work: the kernel looks at each mapping whenever a process that shares them ends, and of
    /// a large executable nearly all are idle.
    ///
    /// # Errors
    /// The files cannot be used; then the mappings stay as they are.
    pub(crate) fn join_idle(&mut self) -> io::Result<()> {
        let mut maps = String::new();
        self.maps.rewind()?;
        self.maps.read_to_string(&mut maps)?;
        for (start, end) in idle(&maps, &self.groups) {
            advise(start, end - start, libc::MADV_NORMAL);
        }
        drop(maps);
        self.forget()
    }

    /// Drops what can be read again, and the peak.
    fn forget(&mut self) -> io::Result<()> {
        for (start, end) in &self.fresh {
            advise(*start, end - start, libc::MADV_DONTNEED);
        }
        self.clear_refs.write_all(b"5")
    }
}

/// What to join: of each row of mappings in `groups` that are not resident all but the first and the
/// last, which keep it apart from those that are.
fn idle(smaps: &str, groups: &[Range]) -> Vec<Range> {
    let (mut joined, mut row, mut current) = (Vec::new(), Vec::<Range>::new(), None);
    let mut close = |row: &mut Vec<Range>| {
        if let [_first, inner @ .., _last] = row.as_slice()
            && let ([(start, _), ..], [.., (_, end)]) = (inner, inner)
        {
            joined.push((*start, *end));
        }
        row.clear();
    };
    for line in smaps.lines() {
        if let Some(resident) = line.strip_prefix("Rss:") {
            let Some(range @ (start, _)) = current.take() else { continue };
            let idle = resident.trim() == "0 kB";
            let grouped = groups.iter().any(|(from, to)| (*from..*to).contains(&start));
            let follows = row.last().is_none_or(|(_, end)| *end == start);
            let begins = groups.iter().any(|(from, _)| *from == start);
            if !idle || !grouped || !follows || begins {
                close(&mut row);
            }
            if idle && grouped {
                row.push(range);
            }
        } else if let Some((range, _rest)) = first_line(line) {
            current = Some(range);
        }
    }
    close(&mut row);
    joined
}

/// The range that a mapping's first line begins with, and what follows it.
fn first_line(line: &str) -> Option<(Range, std::str::SplitWhitespace<'_>)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let range = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    Some((range, words))
}

/// A private mapping whose content exists nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Own {
    range: Range,
    writable: bool,
}

/// From the first byte to the one after the last.
type Range = (usize, usize);

impl Own {
    const fn length(&self) -> usize {
        self.range.1 - self.range.0
    }
}

/// Every mapping's content goes to the file, which is then mapped in its place.
fn move_out(own: &[Own], file: i32) -> io::Result<()> {
    let mut offset = 0_usize;
    for mapping in own {
        let (start, length) = (mapping.range.0, mapping.length());
        let place: *mut libc::c_void = std::ptr::with_exposed_provenance_mut(start);
        let at = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        let protection = if mapping.writable { libc::PROT_WRITE } else { 0 } | libc::PROT_READ;
        let flags = libc::MAP_PRIVATE | libc::MAP_FIXED;
        // SAFETY: the range is a mapping of this process that can be read, as the kernel has just
        // told.
        let written = unsafe { libc::pwrite(file, place, length, at) };
        // Nothing that lies in the range has changed since: there is one thread, and it only made
        // the call before.
        let moved = written.cast_unsigned() == length && {
            // SAFETY: after the call the same bytes are at the same place, with the same rights.
            let mapped = unsafe { libc::mmap(place, length, protection, flags, file, at) };
            mapped != libc::MAP_FAILED
        };
        if !moved {
            return Err(io::Error::last_os_error());
        }
        split(start, mapping.range.1);
        offset += length;
    }
    Ok(())
}

/// Makes every second group of eight pages a mapping of its own, by a difference that means nothing
/// else here. Single pages would be 5,300 mappings, and the kernel looks at each of them whenever a
/// process that shares them ends: 15 % of the processor time of a machine that only makes boxes.
fn split(start: usize, end: usize) {
    const GROUP: usize = 8 * 4096;
    for group in (start..end).step_by(2 * GROUP) {
        advise(group, GROUP.min(end - group), libc::MADV_RANDOM);
    }
}

/// Advice that is not taken only leaves more memory in use.
fn advise(start: usize, length: usize, advice: libc::c_int) {
    // SAFETY: `MADV_RANDOM` and `MADV_NORMAL` change no content, and `MADV_DONTNEED` is only given for mappings that
    // cannot be written to and are as their file has them: what is dropped is read again from it.
    let _kept =
        unsafe { libc::madvise(std::ptr::with_exposed_provenance_mut(start), length, advice) };
}

/// What `/proc/self/smaps` tells of mappings that are worth while: those with content of their own
/// (relocated constants, the heap), and those that are as their file has them.
fn read(smaps: &str, own: &mut Vec<Own>, unchanged: &mut Vec<Range>) {
    let mut current: Option<Mapping> = None;
    for line in smaps.lines() {
        if let Some(anonymous) = line.strip_prefix("Anonymous:") {
            let Some(mapping) = current.take() else { continue };
            let none = anonymous.trim() == "0 kB";
            match mapping.kind {
                Kind::Constant if none => unchanged.push(mapping.range),
                Kind::Constant => own.push(Own { range: mapping.range, writable: false }),
                Kind::Heap if !none => own.push(Own { range: mapping.range, writable: true }),
                Kind::Code | Kind::Heap => {
                    unchanged.extend(none.then_some(mapping.range));
                }
            }
        } else if let Some(mapping) = mapping(line) {
            current = mapping;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Constant,
    Heap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mapping {
    range: Range,
    kind: Kind,
}

/// The first line of a mapping: code or constants of a file, or the heap.
#[expect(clippy::option_option, reason = "no mapping's line, or a mapping of another kind")]
fn mapping(line: &str) -> Option<Option<Mapping>> {
    let (range, mut words) = first_line(line)?;
    let rights = words.next()?;
    let file = words.nth(3).unwrap_or_default();
    let kind = match rights {
        "r-xp" if file.starts_with('/') => Some(Kind::Code),
        "r--p" if file.starts_with('/') => Some(Kind::Constant),
        "rw-p" if file == "[heap]" => Some(Kind::Heap),
        _other => None,
    };
    Some(kind.map(|kind| Mapping { range, kind }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_as_they_are_and_content_of_one_s_own_are_told_apart() {
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
            row("7000-9000", "rw-p", "[heap]", 4),
            row("9000-a000", "r-xp", "/usr/bin/x", 4),
        ];
        let (mut own, mut unchanged) = (Vec::new(), Vec::new());
        read(&smaps.concat(), &mut own, &mut unchanged);
        assert_eq!(unchanged, [(0x1000, 0x2000), (0x3000, 0x4000)]);
        let moved = |range, writable| Own { range, writable };
        assert_eq!(own, [moved((0x2000, 0x3000), false), moved((0x7000, 0x9000), true)]);
    }
    #[test]
    fn idle_groups_between_two_that_stay_are_joined() {
        let row = |start: usize, resident| {
            format!("{:x}-{:x} r-xp 0 fe:00 12 /usr/bin/x\nRss: {resident} kB\n", start, start + 16)
        };
        let rows = |residents: &[u32]| {
            let rows = residents.iter().enumerate();
            rows.map(|(index, resident)| row(16 * index, *resident)).collect::<String>()
        };
        let all = [(0, 160)];
        for (residents, groups, expected) in [
            (&[0; 10][..], &all[..], vec![(16, 144)]),
            (&[4, 0, 0, 0, 4, 0, 0, 0, 0, 4], &all, vec![(32, 48), (96, 128)]),
            (&[4, 0, 0, 4], &all, vec![]),
            (&[0, 0, 0], &[], vec![]),
            // Two ranges that touch are two.
            (&[0; 6], &[(0, 48), (48, 96)], vec![(16, 32), (64, 80)]),
        ] {
            assert_eq!(idle(&rows(residents), groups), expected, "{residents:?} {groups:?}");
        }
        let apart = format!("{}{}{}", row(0, 0), row(16, 0), row(64, 0));
        assert!(idle(&apart, &all).is_empty(), "a row has no gaps");
    }
}
