//! Memory that the node, the warden and the boxes' inits share.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::ptr::NonNull;

use crate::warden::cell::{CELLS, Cell};

/// A mapping of [`CELLS`] cells, shared with every process that maps the same descriptor and with
/// every child.
#[derive(Debug)]
pub(crate) struct Shared(NonNull<[Cell; CELLS]>);

// SAFETY: a cell is made of atomics only.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The length a descriptor must have to be mapped.
    pub(crate) const LENGTH: usize = size_of::<[Cell; CELLS]>();

    /// Maps a memory file of at least [`Self::LENGTH`] bytes.
    ///
    /// # Errors
    /// The errno of `mmap`, and `EINVAL` when the file is shorter.
    pub(crate) fn map(file: BorrowedFd<'_>) -> io::Result<Self> {
        let length = nix::sys::stat::fstat(file)?.st_size;
        if usize::try_from(length).unwrap_or(0) < Self::LENGTH {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the kernel chooses a free place; nothing that exists is replaced.
        let place = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                Self::LENGTH,
                protection,
                libc::MAP_SHARED | libc::MAP_POPULATE,
                file.as_raw_fd(),
                0,
            )
        };
        match NonNull::new(place) {
            Some(place) if place.as_ptr() != libc::MAP_FAILED => Ok(Self(place.cast())),
            _failed => Err(io::Error::last_os_error()),
        }
    }

    /// One box's cell.
    pub(crate) fn cell(&self, index: usize) -> Option<&Cell> {
        // SAFETY: the mapping lives as long as `self`, is aligned to a page, long enough (the file
        // cannot shrink: its maker seals it) and made of atomics, for which any content is valid.
        unsafe { self.0.as_ref() }.get(index)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nobody borrows from it any more.
        let _unmapped = unsafe { libc::munmap(self.0.as_ptr().cast(), Self::LENGTH) };
    }
}

/// Maps the memory file that came as the descriptor `fd` of a message, and closes it.
///
/// # Errors
/// As [`Shared::map`].
pub(crate) fn map_received(fd: i32) -> io::Result<Shared> {
    Shared::map(owned(fd)?.as_fd())
}

/// A descriptor that came with a message: nobody else in this process knows its number.
///
/// # Errors
/// `EBADF` when it is no descriptor.
pub(crate) fn owned(fd: i32) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the kernel has just made this descriptor for this process, and the message's receiver
    // hands it out once.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A broken pipe ends a process again, as it does in a program that was started by a shell: an
/// ignored signal would stay ignored over exec.
///
/// # Errors
/// The errno of `sigaction`.
pub(crate) fn default_sigpipe() -> io::Result<()> {
    // SAFETY: the default action runs no code of ours.
    unsafe {
        nix::sys::signal::signal(nix::sys::signal::SIGPIPE, nix::sys::signal::SigHandler::SigDfl)
    }?;
    Ok(())
}
