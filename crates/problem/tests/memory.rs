//! Packages that are made to exhaust whoever reads them are refused, in little memory. One test, for
//! the allocator counts for a whole process.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by panicking"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use minos_problem::Package;
use peak_alloc::PeakAlloc;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;
/// What an archive may take: a manifest of the largest size, read into a buffer that grows.
const LITTLE: usize = 32 * MIB;

/// Refused, for a reason with that in it, and in at most so much memory.
#[track_caller]
fn refused(what: &str, package: &Path, most: usize, said: &str) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let opened = Package::open(package).map(|package| package.id);
    let taken = ALLOCATOR.peak_usage().saturating_sub(before);
    let Err(error) = opened else { panic!("{what}: it is read") };
    let line = error.to_string();
    let short = line.len() < 2_000 && !line.contains('\n');
    assert!(short && line.contains(said), "{what}: {}", line.get(..500).unwrap_or(&line));
    assert!(taken <= most, "{what}: {} KiB", taken >> 10);
}

/// A package that is one file.
fn one_file(dir: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = dir.path().join("sums");
    let file = path.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
    path
}

fn manifests_in_xml() {
    let entities: String = (1..30)
        .map(|n| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)))
        .collect();
    let laughs = format!("<!DOCTYPE p [<!ENTITY a0 \"ha\">{entities}]><problem>&a29;</problem>");
    let many = |one: &str| one.repeat(7 * MIB / one.len());
    let numbered: String = (0..500_000).map(|n| format!(" a{n}=\"\"")).collect();
    let spaces: String = (0..150_000).map(|n| format!(" xmlns:a{n}=\"u:{n}\"")).collect();
    for (what, content, said) in [
        ("entities", laughs, ""),
        ("depth", many("<a>"), "32 deep"),
        ("closed depth", format!("{}{}", "<a>".repeat(MIB), "</a>".repeat(MIB)), "32 deep"),
        ("elements", format!("<problem>{}</problem>", many("<a/>")), "problem.xml"),
        ("a long attribute", format!("<problem name=\"{}\"/>", many("x")), "problem.xml"),
        ("attributes", format!("<problem{numbered}/>"), "64 attributes"),
        ("attributes without end", format!("<problem{numbered}"), "problem.xml"),
        ("name spaces", format!("<problem{spaces}/>"), "64 name spaces"),
        ("nested name spaces", many("<a xmlns:b=\"c\">"), "64 name spaces"),
        ("a long text", format!("<problem>{}</problem>", many("x")), "problem.xml"),
        ("a comment", format!("<!--{}--><problem/>", many("x")), "problem.xml"),
        ("instructions", format!("{}<problem/>", many("<?a?>")), "problem.xml"),
        ("references", format!("<problem>{}</problem>", many("&#65;")), "problem.xml"),
        ("no end", format!("<problem a=\"{}", many("x")), "problem.xml"),
        ("too large", "x".repeat(9 * MIB), "problem.xml"),
    ] {
        let dir = TempDir::new().unwrap();
        refused(what, &one_file(&dir, "problem.xml", &content), 256 * MIB, said);
    }
}

fn manifests_in_yaml() {
    let laughs: String = (1..30)
        .map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", ")))
        .collect();
    let many = |one: &str| one.repeat((255 << 10) / one.len());
    for (what, content) in [
        ("anchors", format!("a0: &a0 [ha]\n{laughs}")),
        ("sequences in a line", many("[")),
        ("mappings in a line", many("{")),
        ("mappings within", many("{a: ")),
        ("sequences", many("- ")),
        ("questions", many("? ")),
        ("keys", (0..20_000).map(|n| format!("k{n}:\n")).collect()),
        ("values", many("-\n")),
        ("a long text", many("x")),
        ("a long key", format!("{}: 1\n", many("x"))),
        ("quotes", format!("name: \"{}", many("\\x41"))),
        ("a folded text", format!("name: >\n{}", many(" x\n"))),
        ("tags", many("!!a ")),
        ("directives", many("%YAML 1.2\n")),
        ("documents", many("---\n")),
        ("spaces", many(" ")),
        ("zeros", many("\0")),
        ("too large", "x".repeat(MIB)),
    ] {
        let dir = TempDir::new().unwrap();
        refused(what, &one_file(&dir, "problem.yaml", &content), 32 * MIB, "/sums/");
    }
}

/// A zip of these entries.
fn zip_of(dir: &TempDir, entries: &[(&str, &[u8])]) -> PathBuf {
    let path = dir.path().join("sums.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    path
}

/// A zip whose directory has that many entries, all of them the one file, which declares so many
/// bytes.
fn overlapping(dir: &TempDir, entries: u32, declared: u32) -> PathBuf {
    let content = [0_u8; 64 << 10];
    let path = zip_of(dir, &[("n000000", &content)]);
    let bytes = fs::read(&path).unwrap();
    let start = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let end = bytes.windows(4).position(|four| four == b"PK\x05\x06").unwrap();
    let (local, entry) = (&bytes[..start], &bytes[start..end]);
    let mut made = local.to_vec();
    for number in 0..entries {
        let mut entry = entry.to_vec();
        entry[24..28].copy_from_slice(&declared.to_le_bytes());
        entry[46..53].copy_from_slice(format!("n{number:06}").as_bytes());
        made.extend(entry);
    }
    let size = u32::try_from(made.len() - start).unwrap();
    // A directory of more than 65,535 entries says how many in the larger form alone.
    let count = u16::try_from(entries).unwrap_or(u16::MAX);
    if count == u16::MAX {
        let at = u64::try_from(made.len()).unwrap();
        made.extend(b"PK\x06\x06");
        made.extend(44_u64.to_le_bytes());
        made.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        made.extend(u64::from(entries).to_le_bytes());
        made.extend(u64::from(entries).to_le_bytes());
        made.extend(u64::from(size).to_le_bytes());
        made.extend(u64::try_from(start).unwrap().to_le_bytes());
        made.extend(b"PK\x06\x07\0\0\0\0");
        made.extend(at.to_le_bytes());
        made.extend(1_u32.to_le_bytes());
    }
    made.extend(b"PK\x05\x06\0\0\0\0");
    made.extend(count.to_le_bytes());
    made.extend(count.to_le_bytes());
    let offset = u32::try_from(start).unwrap();
    let (size, offset) = if count == u16::MAX { (u32::MAX, u32::MAX) } else { (size, offset) };
    made.extend(size.to_le_bytes());
    made.extend(offset.to_le_bytes());
    made.extend([0, 0]);
    fs::write(&path, made).unwrap();
    path
}

fn archives() {
    let zeros = vec![0_u8; 64 * MIB];
    let dir = TempDir::new().unwrap();
    let large = zip_of(&dir, &[("problem.xml", &zeros)]);
    refused("a manifest that unpacks a thousandfold", &large, LITTLE, "problem.xml");
    let beside = zip_of(&dir, &[("problem.xml", b"<problem/>"), ("tests/01", &zeros)]);
    refused("a test that unpacks a thousandfold", &beside, LITTLE, "problem.xml");
    drop(zeros);
    let inner = fs::read(&beside).unwrap();
    let nested = zip_of(&dir, &[("sums.zip", &inner)]);
    refused("an archive in an archive", &nested, LITTLE, "sums.zip");
    let declared = overlapping(&dir, 1, u32::MAX - 1);
    refused("a size of four gigabytes", &declared, LITTLE, "at most");
    let files = overlapping(&dir, 1_000_000, 64 << 10);
    refused("a million entries", &files, LITTLE, "1000000 entries");
    let same = overlapping(&dir, 500, 64 << 10);
    refused("entries that are one another", &same, LITTLE, "sums.zip");
}

#[test]
fn packages_made_to_exhaust_their_reader_are_refused_in_little_memory() {
    manifests_in_xml();
    manifests_in_yaml();
    archives();
}
