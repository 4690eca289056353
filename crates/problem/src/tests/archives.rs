//! Zip archives, honest and hostile.

use std::fs::{self, File};
use std::io::Write;

use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::sample::{MANIFEST, Sample, patch, zip_of};
use crate::bounds::Bounds;
use crate::{Package, PackageError, archive};

#[test]
fn the_revision_is_that_of_the_content_however_it_is_delivered() {
    let dir = TempDir::new().unwrap();
    let sample = Sample::default();
    let in_directory = sample.open_in(&dir.path().join("plain")).revision;
    let nested = sample.open_in(&dir.path().join("nested/sums"));
    drop(nested);
    assert_eq!(Package::open(&dir.path().join("nested")).unwrap().revision, in_directory);
    type Rename = fn(&str) -> String;
    let renames: [(&str, Rename); 5] = [
        ("plain", str::to_owned),
        ("dotted", |name| format!("./{name}")),
        ("nested", |name| format!("sums-3/{name}")),
        ("windows", |name| name.replace('/', "\\")),
        ("nested windows", |name| format!("sums-3\\{}", name.replace('/', "\\"))),
    ];
    for (what, rename) in renames {
        let path = dir.path().join("sums$windows.zip");
        sample.zip(&path, rename);
        let package = Package::open(&path).unwrap();
        assert_eq!(package.revision, in_directory, "{what}");
        assert_eq!(package.tests.len(), 2, "{what}");
    }
    let mut changed = sample;
    changed.put("tests/01", "1 2\r\n4\r\n");
    assert_ne!(changed.open().unwrap().revision, in_directory);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
    #[test]
    fn no_archive_breaks_the_reader(
        places in proptest::collection::vec((0_usize..40_000, proptest::num::u8::ANY), 1..6),
        cut in 0_usize..200,
        old in proptest::bool::ANY,
    ) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("sums.zip");
        let sample = if old { Sample::default() } else { Sample::icpc() };
        sample.zip(&path, str::to_owned);
        let mut bytes = fs::read(&path).unwrap();
        for (at, byte) in places {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut.min(bytes.len()));
        fs::write(&path, bytes).unwrap();
        if let Err(error) = Package::open(&path) {
            let line = error.to_string();
            let said = line.contains("sums.zip") || line.contains("package");
            proptest::prop_assert!(said && !line.contains('\n'), "{}", line);
        }
    }
}

#[test]
fn litter_beside_a_package_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let revision = Sample::default().open().unwrap().revision;
    let mut sample = Sample::default();
    sample.put(".git/config", "x").put(".DS_Store", "x");
    assert_eq!(sample.open().unwrap().revision, revision);
    let path = dir.path().join("mac.zip");
    sample.put("__MACOSX/._problem.xml", "x");
    sample.zip(&path, |name| {
        if name.starts_with("__") { name.to_owned() } else { format!("sums/{name}") }
    });
    assert_eq!(Package::open(&path).unwrap().revision, revision);
}

#[test]
fn an_unpacked_package_vanishes_with_its_value() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("sums.zip");
    Sample::default().zip(&path, str::to_owned);
    let package = Package::open(&path).unwrap();
    let root = package.root.clone();
    assert!(root.join("problem.xml").is_file());
    drop(package);
    assert!(!root.exists());
}

#[track_caller]
fn refused(error: &PackageError, entry: &str, said: &str) {
    let line = error.to_string();
    assert!(line.contains("package.zip: "), "names the archive: {line}");
    assert!(line.contains(&format!("entry `{entry}")), "names the entry `{entry}`: {line}");
    assert!(line.contains(said) && !line.contains('\n'), "says `{said}`: {line}");
}

#[test]
fn entries_that_leave_the_package_are_refused_by_name() {
    for (name, said) in [
        ("../evil", "`..`"),
        ("tests/../../evil", "`..`"),
        ("..\\evil", "`..`"),
        ("/etc/evil", "absolute"),
        ("\\evil", "absolute"),
        ("C:\\evil", "drive"),
        ("c:evil", "drive"),
        ("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "deep"),
    ] {
        let dir = TempDir::new().unwrap();
        let path = zip_of(&dir, &[("problem.xml", MANIFEST.as_bytes()), (name, b"x")]);
        refused(&Package::open(&path).unwrap_err(), &name.escape_debug().to_string(), said);
        assert!(!dir.path().join("evil").exists());
    }
}

#[test]
fn links_devices_and_encrypted_entries_are_refused_by_name() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("package.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    zip.add_symlink("tests/01", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap();
    refused(&Package::open(&path).unwrap_err(), "tests/01", "symbolic link");

    // The mode stands in the upper half of the external attributes: S_IFREG | 0o644 becomes
    // S_IFIFO | 0o644.
    let path = zip_of(&dir, &[("tests/01", b"x")]);
    patch(&path, &0o100_644_u16.to_le_bytes(), &0o010_644_u16.to_le_bytes());
    refused(&Package::open(&path).unwrap_err(), "tests/01", "neither a file");

    // The first bit of the general flags, behind the version needed.
    let path = zip_of(&dir, &[("tests/01", b"x")]);
    let central = |flag: u8| [b'P', b'K', 1, 2, 20, 3, 20, 0, flag];
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    assert_eq!(bytes[at + 8] & 1, 0, "{:?}", central(0));
    bytes[at + 8] |= 1;
    fs::write(&path, bytes).unwrap();
    refused(&Package::open(&path).unwrap_err(), "tests/01", "encrypted");
}

#[test]
fn two_entries_for_one_file_are_refused_by_name() {
    let dir = TempDir::new().unwrap();
    let path = zip_of(&dir, &[("tests/01", b"x"), ("tests\\01", b"y")]);
    refused(&Package::open(&path).unwrap_err(), "tests\\\\01", "two entries are `tests/01`");
    let path = zip_of(&dir, &[("tests/0A", b"x"), ("tests/0B", b"y")]);
    patch(&path, b"tests/0B", b"tests/0A");
    refused(&Package::open(&path).unwrap_err(), "tests/0A", "two entries have this name");
    let path = zip_of(&dir, &[("tests", b"x"), ("tests/01", b"y")]);
    refused(&Package::open(&path).unwrap_err(), "tests/01", "a file and a folder");
    let path = zip_of(&dir, &[("tests/01", b"y"), ("tests", b"x")]);
    refused(&Package::open(&path).unwrap_err(), "tests", "a file and a folder");
}

#[test]
fn an_archive_of_exactly_the_bounds_is_unpacked_and_one_above_is_refused() {
    let dir = TempDir::new().unwrap();
    let zeros = vec![0_u8; 50_000];
    let path = zip_of(&dir, &[("tests/01", &zeros), ("tests/02", &zeros)]);
    let packed = fs::metadata(&path).unwrap().len();
    let roomy = Bounds { entries: 2, file: 50_000, total: 100_000, dense: 100_000, ratio: 1 };
    let unpack = |bounds| {
        let into = TempDir::new().unwrap();
        archive::unpack(&path, into.path(), bounds).map(|()| into.path().join("tests/02").is_file())
    };
    assert!(unpack(roomy).unwrap());
    assert!(100_000 / packed > 50, "the archive is dense");
    let ratio = 100_000 / packed + 1;
    assert!(unpack(Bounds { dense: 0, ratio, ..roomy }).unwrap());
    for (bounds, said) in [
        (Bounds { entries: 1, ..roomy }, "2 entries, at most 1"),
        (Bounds { file: 49_999, ..roomy }, "entry `tests/01`: 50000 bytes, at most"),
        (Bounds { total: 99_999, ..roomy }, "entry `tests/02`: the archive unpacks to more than"),
        (Bounds { dense: 0, ratio: 10, ..roomy }, "10 times the archive's own size"),
    ] {
        let error = unpack(bounds).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_name_that_is_no_text_is_read_as_one_and_never_as_a_way_out() {
    // The format has names in two encodings; bytes of neither are shown by the older one's letters.
    for (name, raw) in [("tests/aa", b"tests/\xff\xfe"), ("files/..", b"\xfe\xff/../..")] {
        let dir = TempDir::new().unwrap();
        let path = zip_of(&dir, &[("problem.xml", MANIFEST.as_bytes()), (name, b"x")]);
        patch(&path, name.as_bytes(), raw);
        let error = Package::open(&path).unwrap_err().to_string();
        assert!(error.contains("package.zip") && !error.contains('\n'), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing beside the archive");
    }
}

#[test]
fn an_archive_that_lies_or_is_cut_is_refused() {
    let dir = TempDir::new().unwrap();
    let stored = |content: &[u8]| {
        let path = dir.path().join("package.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file("tests/01", options).unwrap();
        zip.write_all(content).unwrap();
        zip.finish().unwrap();
        path
    };
    let path = stored(b"the content");
    patch(&path, b"the content", b"The content");
    refused(&Package::open(&path).unwrap_err(), "tests/01", "cannot be unpacked");

    // The unpacked size is the last of the three numbers before the lengths of the names.
    let path = zip_of(&dir, &[("tests/01", &[b'x'; 4_000])]);
    patch(&path, &4_000_u32.to_le_bytes(), &3_999_u32.to_le_bytes());
    let error = Package::open(&path).unwrap_err();
    refused(&error, "tests/01", "3999 bytes are declared, but the content differs");

    let path = stored(b"the content");
    let bytes = fs::read(&path).unwrap();
    for length in [0, 1, 10, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = Package::open(&path).unwrap_err().to_string();
        assert!(error.contains("not a whole zip archive"), "{length}: {error}");
    }
}
