//! How much of a package is read. Each bound is far above the largest real package and far below
//! what hurts a machine.

/// Files and folders in a package. The largest problems have a few thousand tests, two files each.
pub(crate) const MAX_ENTRIES: u64 = 20_000;

/// Bytes of all files together: 4 GiB. Contest archives are refused as such, problems with more
/// than a gigabyte of tests are unheard of.
pub(crate) const MAX_TOTAL: u64 = 4 << 30;

/// Bytes of one file: 1 GiB, sixteen times the default output limit of the program that makes it.
pub(crate) const MAX_FILE: u64 = 1 << 30;

/// Unpacked bytes up to which an archive may be as dense as it likes: tests of one repeated number
/// do compress a thousandfold.
pub(crate) const DENSE_TOTAL: u64 = 512 << 20;

/// Above [`DENSE_TOTAL`], unpacked bytes per byte of the archive. Text of real tests compresses
/// three- to tenfold; a bomb of zeros a thousandfold.
pub(crate) const MAX_RATIO: u64 = 100;

/// Folders within folders. Polygon nests four deep.
pub(crate) const MAX_DEPTH: usize = 16;

/// Bytes in the path of a file within its package; a quarter of what the system takes.
pub(crate) const MAX_PATH: usize = 1_024;

/// Bytes in one component of a path: what file systems take.
pub(crate) const MAX_NAME: usize = 255;

/// Bytes of `problem.xml`: 150 times that of a problem with 519 tests.
pub(crate) const MAX_MANIFEST: u64 = 8 << 20;

/// Elements and text nodes of `problem.xml`: what a manifest of the largest size can hold when it
/// is written as people write it.
pub(crate) const MAX_NODES: u32 = 500_000;

/// Elements of `problem.xml` within one another; Polygon nests eight deep.
pub(crate) const MAX_XML_DEPTH: usize = 32;

/// Attributes of one element of `problem.xml`, and name spaces in all of it: the parser compares each
/// with all before it. Polygon's elements have a dozen, and its manifests no name space.
pub(crate) const MAX_ATTRIBUTES: usize = 64;

/// Bytes of one YAML file; `submissions.yaml` of a large problem has ten thousand.
pub(crate) const MAX_YAML: u64 = 256 << 10;

/// Values, keys included, in one YAML file: what a file of the largest size can hold when it is
/// written as people write it.
pub(crate) const MAX_YAML_NODES: usize = 20_000;

/// Levels of one YAML file; the formats have five.
pub(crate) const MAX_YAML_DEPTH: usize = 32;

/// Bytes of the manifest of a prepared problem: [`MAX_ENTRIES`] lines with room to spare.
pub(crate) const MAX_PREPARED_MANIFEST: u64 = 64 << 20;

/// Bytes of a prepared problem, generated tests included: four times that of a package.
pub(crate) const MAX_PREPARED: u64 = 4 * MAX_TOTAL;

/// Bytes of one language file; real ones have two thousand.
pub(crate) const MAX_LANGUAGE_FILE: u64 = 256 << 10;

/// What is unpacked of an archive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Files and folders.
    pub(crate) entries: u64,
    /// Bytes of one file.
    pub(crate) file: u64,
    /// Bytes of all files.
    pub(crate) total: u64,
    /// Bytes of all files up to which `ratio` does not matter.
    pub(crate) dense: u64,
    /// Bytes of all files per byte of the archive.
    pub(crate) ratio: u64,
}

impl Bounds {
    /// For packages.
    pub(crate) const PACKAGE: Self = Self {
        entries: MAX_ENTRIES,
        file: MAX_FILE,
        total: MAX_TOTAL,
        dense: DENSE_TOTAL,
        ratio: MAX_RATIO,
    };
}

// A single file must fit the total, and a name must fit a path.
const _: () = assert!(MAX_FILE <= MAX_TOTAL && DENSE_TOTAL <= MAX_TOTAL && MAX_NAME < MAX_PATH);
