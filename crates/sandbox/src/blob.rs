//! Content that a box may read and nobody may change: sealed memory files.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use minos_model::Bytes;
use nix::fcntl::{FcntlArg, OFlag, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::Mode;

/// Bytes in memory, sealed: cheap to clone, readable, executable, never writable again. They are
/// charged to the process that made them, not to the boxes that read them.
#[derive(Debug, Clone)]
pub struct Blob {
    file: Arc<File>,
    length: u64,
}

/// How often sealing is tried again. The kernel refuses while somebody holds one of the pages, as it
/// does itself when it moves memory about; it waits up to 150 ms for them at each try.
const SEAL_TRIES: u32 = 8;

impl Blob {
    /// From bytes.
    ///
    /// # Errors
    /// Out of memory or of descriptors.
    pub fn from_bytes(bytes: &[u8]) -> io::Result<Self> {
        let mut file = unsealed()?;
        file.write_all(bytes)?;
        Self::seal(file)
    }

    /// From a file, whole.
    ///
    /// # Errors
    /// The file cannot be read; out of memory or of descriptors.
    pub fn from_file(path: &Path) -> io::Result<Self> {
        let mut file = unsealed()?;
        io::copy(&mut File::open(path)?, &mut file)?;
        Self::seal(file)
    }

    /// From a reader.
    ///
    /// # Errors
    /// The reader's, and `FileTooLarge` when it has more than `max` bytes.
    pub fn from_reader(reader: impl Read, max: Bytes) -> io::Result<Self> {
        let mut file = unsealed()?;
        let copied = io::copy(&mut reader.take(max.get().saturating_add(1)), &mut file)?;
        if copied > max.get() {
            let text = format!("more than {max}");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Self::seal(file)
    }

    /// From a memory file that was made by [`unsealed`]: it is closed for writing and sealed.
    pub(crate) fn seal(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let seals = SealFlag::F_SEAL_WRITE
            | SealFlag::F_SEAL_GROW
            | SealFlag::F_SEAL_SHRINK
            | SealFlag::F_SEAL_SEAL;
        let mut tries = 0;
        loop {
            match fcntl(&file, FcntlArg::F_ADD_SEALS(seals)) {
                Ok(_) => break,
                Err(nix::errno::Errno::EBUSY) if tries < SEAL_TRIES => tries += 1,
                Err(errno) => return Err(errno.into()),
            }
        }
        // A descriptor that was once open for writing makes exec fail with ETXTBSY.
        let read_only = reopen(file.as_fd())?;
        drop(file);
        Ok(Self { file: Arc::new(File::from(read_only)), length })
    }

    /// Bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether it has no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The first `max` bytes.
    ///
    /// # Errors
    /// What the system said.
    pub fn read(&self, max: usize) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX).min(max);
        let mut bytes = vec![0; length];
        // Beside the offset that all clones share: nothing has to be opened for it.
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// A reader of its own, from the beginning.
    ///
    /// # Errors
    /// Out of descriptors.
    pub fn reader(&self) -> io::Result<impl Read + Seek + use<>> {
        Ok(File::from(reopen(self.file.as_fd())?))
    }

    /// The descriptor that all clones share; use [`Blob::reader`] for an offset of one's own.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// The descriptor as it is executed.
    pub(crate) fn executable(&self) -> io::Result<BorrowedFd<'_>> {
        permit(self.file.as_fd())?;
        Ok(self.file.as_fd())
    }

    /// A descriptor with an offset of its own, open for reading only.
    pub(crate) fn reopened(&self) -> io::Result<OwnedFd> {
        reopen(self.file.as_fd())
    }
}

/// Read and execute, for everybody: nobody can write, whatever the mode says.
const MODE: Mode = Mode::from_bits_truncate(0o555);

fn reopen(file: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    permit(file)?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    Ok(nix::fcntl::open(path.as_str(), flags, Mode::empty())?)
}

/// Sets the mode right again. Where programs run as the node's own user (the rootless level) one
/// of them may have changed it: seals keep the content, not the mode.
fn permit(file: BorrowedFd<'_>) -> io::Result<()> {
    if Mode::from_bits_truncate(nix::sys::stat::fstat(file)?.st_mode) != MODE {
        nix::sys::stat::fchmod(file, MODE)?;
    }
    Ok(())
}

/// A memory file to write to before it is sealed.
pub(crate) fn unsealed() -> io::Result<File> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    // Linux 6.3 wants to be told that it may be executed; older kernels do not know the flag.
    let executable = MFdFlags::from_bits_retain(libc::MFD_EXEC);
    let file = match memfd_create(c"blob", flags | executable) {
        Err(nix::errno::Errno::EINVAL) => memfd_create(c"blob", flags),
        other => other,
    }?;
    Ok(File::from(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_reads_back_and_each_reader_starts_at_the_beginning() {
        let blob = Blob::from_bytes(b"one two").unwrap();
        assert_eq!((blob.len(), blob.is_empty()), (7, false));
        for _ in 0..2 {
            assert_eq!(blob.read(3).unwrap(), b"one");
            assert_eq!(blob.read(100).unwrap(), b"one two");
        }
    }

    #[test]
    fn a_reader_may_have_just_as_much_as_allowed() {
        let read = |max| Blob::from_reader(&b"12345"[..], Bytes::new(max));
        assert_eq!(read(5).unwrap().len(), 5);
        assert_eq!(read(4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_mode_that_somebody_has_changed_is_set_right_before_each_use() {
        let blob = Blob::from_bytes(b"fixed").unwrap();
        for mode in [Mode::empty(), Mode::S_IWUSR, Mode::all()] {
            nix::sys::stat::fchmod(blob.as_fd(), mode).unwrap();
            assert_eq!(blob.read(10).unwrap(), b"fixed");
            nix::sys::stat::fchmod(blob.as_fd(), mode).unwrap();
            let about = nix::sys::stat::fstat(blob.executable().unwrap()).unwrap();
            assert_eq!(about.st_mode & 0o7777, 0o555);
        }
    }

    #[test]
    fn nobody_can_open_a_blob_for_writing_and_change_it() {
        let blob = Blob::from_bytes(b"fixed").unwrap();
        let path = format!("/proc/self/fd/{}", blob.as_fd().as_raw_fd());
        let mut writer = File::options().write(true).open(path).unwrap();
        assert!(writer.write_all(b"changed").is_err());
        assert!(writer.set_len(0).is_err());
        assert_eq!(blob.read(10).unwrap(), b"fixed");
    }
}
