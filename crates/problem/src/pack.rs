//! A prepared problem as one archive: `problem.json` first, then every file it lists.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

use minos_model::Digest;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::cache::io as failed;
use crate::draft::{LineEnds, Place};
use crate::prepared::{MANIFEST, PreparedV2, damaged};
use crate::{Cache, CacheError, Problem};

/// How errors name the archive.
const ARCHIVE: &str = "archive";

pub(crate) fn pack(problem: &Problem, to: impl Write + Seek) -> Result<(), CacheError> {
    let place = problem.dir.display().to_string();
    let open = |relative: &str| {
        let path = problem.dir.join(relative);
        File::open(&path).map_err(|source| failed(&path, "open", source))
    };
    let prepared = PreparedV2::read(open(MANIFEST)?, &place, &problem.revision)?;
    let mut zip = ZipWriter::new(to);
    // The same time in every archive: what is packed twice has the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let paths = prepared.files.iter().map(|file| (file.path.as_str(), file.bytes));
    for (relative, bytes) in std::iter::once((MANIFEST, 0)).chain(paths) {
        let mut content = open(relative)?;
        let options = options.large_file(bytes >= u64::from(u32::MAX));
        let mut add = || -> io::Result<()> {
            zip.start_file(relative, options)?;
            io::copy(&mut content, &mut zip).map(|_bytes| ())
        };
        add().map_err(|source| failed(&problem.dir.join(relative), "pack", source))?;
    }
    zip.finish()
        .and_then(|mut to| to.flush().map_err(Into::into))
        .map_err(|error| failed(&problem.dir, "pack", error.into()))
}

pub(crate) fn unpack(
    cache: &Cache,
    revision: &Digest,
    from: impl Read + Seek,
) -> Result<Problem, CacheError> {
    let whole = |error: zip::result::ZipError| damaged(ARCHIVE, MANIFEST, error.to_string());
    let mut zip = ZipArchive::new(from).map_err(whole)?;
    let manifest = zip.by_name(MANIFEST).map_err(whole)?;
    let prepared = PreparedV2::read(manifest, ARCHIVE, revision)?;
    let place = Place::make(cache, revision)?;
    let mut known: HashSet<&str> = prepared.files.iter().map(|file| file.path.as_str()).collect();
    known.insert(MANIFEST);
    if let Some(stranger) = zip.file_names().find(|name| !known.contains(name)) {
        let stranger: String = stranger.chars().take(200).flat_map(char::escape_debug).collect();
        return Err(damaged(ARCHIVE, &stranger, "not listed in problem.json".to_owned()));
    }
    for file in &prepared.files {
        let wrong = |problem: String| damaged(ARCHIVE, &file.path, problem);
        let content = zip.by_name(&file.path).map_err(|error| wrong(error.to_string()))?;
        let content = content.take(file.bytes.saturating_add(1));
        let written = place.write(&file.path, content, LineEnds::AsTheyAre);
        let (_, written) = written.map_err(|error| broken_content(error, &file.path))?;
        if written.bytes != file.bytes {
            return Err(wrong(format!("its length is not {} bytes", file.bytes)));
        }
        if written.sha256 != file.sha256 {
            return Err(wrong(format!("SHA-256 {}; expected {}", written.sha256, file.sha256)));
        }
    }
    let manifest = zip.by_name(MANIFEST).map_err(whole)?;
    place
        .write(MANIFEST, manifest, LineEnds::AsTheyAre)
        .map_err(|error| broken_content(error, MANIFEST))?;
    place.publish()
}

/// An entry that cannot be decompressed is the archive's fault, not this machine's.
fn broken_content(error: CacheError, file: &str) -> CacheError {
    match error {
        CacheError::Io { source, doing: "read the content of", .. } => {
            damaged(ARCHIVE, file, source.to_string())
        }
        other @ (CacheError::Io { .. }
        | CacheError::Incomplete { .. }
        | CacheError::NoTest { .. }
        | CacheError::NoTimeLimit
        | CacheError::BadPart(_)
        | CacheError::BadPath(_)
        | CacheError::Damaged { .. }) => other,
    }
}
