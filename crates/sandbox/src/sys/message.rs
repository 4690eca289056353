//! Messages with descriptors over a sequenced-packet socket, without allocation.

#![expect(clippy::cast_possible_truncation, reason = "halves of words are taken on purpose")]

use super::raw::Errno;

/// The most descriptors in one message; the kernel's own limit is 253.
pub(crate) const MAX_FDS: usize = 250;
/// Room for the most descriptors, the sender's credentials and the headers of both.
const CONTROL_WORDS: usize = 2 + MAX_FDS.div_ceil(2) + 4;

/// What came with a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    /// Bytes of the message; 0 when the other end is gone.
    pub length: usize,
    /// Descriptors that came with it, in the order they were sent.
    pub descriptors: usize,
    /// The sender's process, where the socket asks for credentials; else 0.
    pub sender: i32,
}

/// Receives one message; descriptors are closed by exec.
///
/// # Errors
/// The call's errno; `EMSGSIZE` when the message or its descriptors were cut.
pub(crate) fn receive(
    socket: i32,
    bytes: &mut [u8],
    fds: &mut [i32; MAX_FDS],
    flags: i32,
) -> Result<Received, Errno> {
    let mut control = [0_u64; CONTROL_WORDS];
    let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: all zeroes is a valid `msghdr`.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control);
    let length = loop {
        // SAFETY: the header points to buffers of the sizes it names, alive until the call returns.
        let answer = unsafe {
            super::raw::receive_message(socket, &raw mut header, flags | libc::MSG_CMSG_CLOEXEC)
        };
        match answer {
            Err(libc::EINTR) => {}
            other => break other?,
        }
    };
    let mut received = Received { length, descriptors: 0, sender: 0 };
    let told = header.msg_controllen / 8;
    let mut rest = control.get(..told).unwrap_or_default();
    // Each control message: its length in bytes, its level and kind, its data, up to a full word.
    while let [size, kind, data @ ..] = rest {
        let size = usize::try_from(*size).unwrap_or(0);
        let words = size.div_ceil(8).max(2) - 2;
        let halves = data.iter().flat_map(|word| [*word as i32, (*word >> 32) as i32]);
        if *kind == RIGHTS {
            for (slot, fd) in fds.iter_mut().zip(halves.take(size.saturating_sub(16) / 4)) {
                *slot = fd;
                received.descriptors += 1;
            }
        } else if *kind == CREDENTIALS {
            received.sender = data.first().map_or(0, |word| *word as i32);
        }
        rest = data.get(words..).unwrap_or_default();
    }
    if header.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0 {
        for fd in fds.iter().take(received.descriptors) {
            let _closed = super::raw::close(*fd);
        }
        return Err(libc::EMSGSIZE);
    }
    Ok(received)
}

/// The same for the sender's credentials.
const CREDENTIALS: u64 = (libc::SCM_CREDENTIALS as u64) << 32 | libc::SOL_SOCKET as u64;
/// The level and the kind of a control message with descriptors, as one word.
const RIGHTS: u64 = (libc::SCM_RIGHTS as u64) << 32 | libc::SOL_SOCKET as u64;

/// Sends one message with at most [`MAX_FDS`] descriptors; a peer that is gone is `EPIPE`.
///
/// # Errors
/// The call's errno.
pub(crate) fn send(socket: i32, bytes: &[u8], fds: &[i32]) -> Result<(), Errno> {
    let mut control = [0_u64; CONTROL_WORDS];
    if fds.len() > MAX_FDS {
        return Err(libc::EINVAL);
    }
    let size = 16 + 4 * fds.len();
    let mut words = control.iter_mut();
    if let (Some(first), Some(second)) = (words.next(), words.next()) {
        (*first, *second) = (size as u64, RIGHTS);
    }
    for (word, pair) in words.zip(fds.chunks(2)) {
        let half = |at: usize| u64::from(pair.get(at).map_or(0, |fd| fd.cast_unsigned()));
        *word = half(0) | half(1) << 32;
    }
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: all zeroes is a valid `msghdr`.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    if !fds.is_empty() {
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = size.next_multiple_of(8);
    }
    loop {
        // SAFETY: the header points to buffers of the sizes it names, alive until the call returns;
        // the kernel does not write to what is sent.
        match unsafe { super::raw::send_message(socket, &raw const header, libc::MSG_NOSIGNAL) } {
            Err(libc::EINTR) => {}
            other => return other.map(|_length| ()),
        }
    }
}
