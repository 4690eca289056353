//! Builds on their way between nodes: one message each, checked as a whole and in its parts.

use minos_model::{CpuTime, Digest, WallTime};

use crate::builds::{Build, digest_of};

const SCHEMA: &str = "minos.build/1";
/// Above this a build stays at home, in bytes.
pub(crate) const MAX_SHARED: usize = 32 << 20;
/// More files than this no language makes.
const MAX_FILES: usize = 64;

/// Where builds of other nodes come from and those of this one go. Both may fail at any time: then
/// the node compiles.
pub trait Share: std::fmt::Debug + Send + Sync {
    /// The build under that key, as another node has offered it.
    fn fetch(&self, key: &Digest) -> Option<Vec<u8>>;

    /// Offers a build to others; does not wait.
    fn offer(&self, key: &Digest, build: Vec<u8>);
}

/// Writes a build down: lines of text about it, an empty one, then the log and the artefacts.
pub(crate) fn pack(key: &Digest, build: &Build) -> Vec<u8> {
    let log = build.log.as_bytes();
    let (cpu, wall) = (build.cpu.micros(), build.wall.micros());
    let mut head = format!("{SCHEMA}\n{key}\n{cpu}\n{wall}\n{} {}\n", log.len(), digest_of(log));
    for (name, content) in &build.artefacts {
        head.extend([format!("{} {} {name}\n", content.len(), digest_of(content))]);
    }
    head.push('\n');
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(log);
    for (_, content) in &build.artefacts {
        bytes.extend_from_slice(content);
    }
    bytes
}

/// Reads it; `None` unless it is whole, and the build of that very key.
pub(crate) fn unpack(key: &Digest, bytes: &[u8]) -> Option<Build> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let mut rest = bytes.get(end + 2..)?;
    let mut lines = head.lines();
    if lines.next()? != SCHEMA || lines.next()? != key.to_string() {
        return None;
    }
    let cpu = CpuTime::from_micros(lines.next()?.parse().ok()?);
    let wall = WallTime::from_micros(lines.next()?.parse().ok()?);
    let mut part = |line: &str| {
        let (length, digest) = line.split_once(' ')?;
        let (content, left) = rest.split_at_checked(length.parse().ok()?)?;
        rest = left;
        (digest_of(content).to_string() == digest).then(|| content.to_vec())
    };
    let log = String::from_utf8(part(lines.next()?)?).ok()?;
    let mut artefacts = Vec::new();
    for line in lines {
        if artefacts.len() >= MAX_FILES {
            return None;
        }
        let (about, name) = line.match_indices(' ').nth(1).map(|(at, _)| line.split_at(at))?;
        artefacts.push((name.get(1..)?.to_owned(), part(about)?));
    }
    rest.is_empty().then_some(Build { artefacts, cpu, wall, log })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build() -> Build {
        Build {
            artefacts: vec![
                ("main".to_owned(), vec![0, 10, 10, 255]),
                ("a name".to_owned(), Vec::new()),
            ],
            cpu: CpuTime::from_ms(5),
            wall: WallTime::from_ms(6),
            log: "warning: \u{e9}\n\nmore\n".to_owned(),
        }
    }

    fn key(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }

    #[test]
    fn a_build_arrives_as_it_was_sent_and_under_its_own_key_alone() {
        let bytes = pack(&key(1), &build());
        assert_eq!(unpack(&key(1), &bytes), Some(build()));
        assert_eq!(unpack(&key(2), &bytes), None);
    }

    #[test]
    fn what_is_cut_changed_or_longer_is_no_build() {
        let bytes = pack(&key(1), &build());
        for length in 0..bytes.len() {
            assert_eq!(unpack(&key(1), &bytes[..length]), None, "{length}");
        }
        assert_eq!(unpack(&key(1), &[&bytes as &[u8], b"x"].concat()), None);
        let about_time = bytes.iter().position(|byte| *byte == b'5').unwrap();
        for at in (0..bytes.len()).filter(|at| *at != about_time) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            let read = unpack(&key(1), &changed);
            // Times and names are not checked; what runs and what is shown are.
            let same = read.is_none_or(|read| {
                read.log == build().log && read.artefacts[0].1 == build().artefacts[0].1
            });
            assert!(same, "{at}");
        }
    }

    #[test]
    fn lengths_from_outside_are_not_believed() {
        let digest = digest_of(b"");
        let head = format!("{SCHEMA}\n{}\n1\n1\n18446744073709551615 {digest}\n\n", key(1));
        assert_eq!(unpack(&key(1), head.as_bytes()), None);
        let many = format!("0 {digest} x\n").repeat(MAX_FILES + 1);
        let head = format!("{SCHEMA}\n{}\n1\n1\n0 {digest}\n{many}\n", key(1));
        assert_eq!(unpack(&key(1), head.as_bytes()), None);
    }
}
