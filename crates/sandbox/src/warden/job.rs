//! A job as it travels from the node to the box: a fixed head, then texts that end in NUL.
//!
//! The box reads it without allocating. The descriptors beside it come in the order in which the
//! program finds them: its 3, 4, ... first, then stdin, stdout and stderr (when they are direct),
//! the executable (when it is a blob), and one for each file.

use std::ffi::CStr;

use super::protocol::Reader;

/// The longest job, bytes: arguments, environment and names of files together.
pub(crate) const MAX_JOB: usize = 128 << 10;
/// The most arguments and environment variables together.
pub(crate) const MAX_TEXTS: usize = 8_190;

/// stdout comes as a descriptor.
pub(crate) const DIRECT_STDOUT: u32 = 1;
/// stderr comes as a descriptor.
pub(crate) const DIRECT_STDERR: u32 = 2;

/// The fixed head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// Arguments.
    pub args: u32,
    /// Environment variables.
    pub env: u32,
    /// Descriptors the program gets as 3, 4, ...
    pub descriptors: u32,
    /// Files and directories to make: each text is `d`, `f` or `x` and a path.
    pub files: u32,
    /// Files to fetch at the end.
    pub collect: u32,
    /// 1 when the executable comes as a descriptor.
    pub blob: u32,
    /// [`DIRECT_STDOUT`] and [`DIRECT_STDERR`]: descriptors that take the pipes' place.
    pub direct: u32,
    /// 1 when the program may change nothing in `/w`.
    pub read_only: u32,
    /// `RLIMIT_CPU`, seconds.
    pub cpu: u64,
    /// `RLIMIT_FSIZE`, bytes.
    pub file_size: u64,
    /// `RLIMIT_STACK`, bytes.
    pub stack: u64,
    /// `RLIMIT_NOFILE`.
    pub open_files: u64,
    /// `RLIMIT_NPROC`, which counts the slot's user and not the box: for where no group does it.
    pub processes: u64,
}

impl Head {
    pub(crate) const LENGTH: usize = 8 * 4 + 5 * 8;

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let counts = [
            self.args,
            self.env,
            self.descriptors,
            self.files,
            self.collect,
            self.blob,
            self.direct,
            self.read_only,
        ];
        counts.iter().for_each(|count| out.extend_from_slice(&count.to_le_bytes()));
        let limits = [self.cpu, self.file_size, self.stack, self.open_files, self.processes];
        limits.iter().for_each(|limit| out.extend_from_slice(&limit.to_le_bytes()));
    }

    /// The head and the texts behind it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, Texts<'_>)> {
        let mut from = Reader(bytes);
        let head = Self {
            args: from.u32()?,
            env: from.u32()?,
            descriptors: from.u32()?,
            files: from.u32()?,
            collect: from.u32()?,
            blob: from.u32()?,
            direct: from.u32()?,
            read_only: from.u32()?,
            cpu: from.u64()?,
            file_size: from.u64()?,
            stack: from.u64()?,
            open_files: from.u64()?,
            processes: from.u64()?,
        };
        Some((head, Texts(from.0)))
    }
}

/// The texts of a job, in order: the program's path, arguments, environment, files, collected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts<'a>(pub(crate) &'a [u8]);

impl<'a> Texts<'a> {
    /// The next text.
    pub(crate) fn next(&mut self) -> Option<&'a CStr> {
        let text = CStr::from_bytes_until_nul(self.0).ok()?;
        self.0 = self.0.get(text.count_bytes() + 1..)?;
        Some(text)
    }

    /// Leaves out `count` texts.
    pub(crate) fn skip(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.next()?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_reads_back_and_a_cut_one_does_not() {
        let head = Head { args: 1, env: 2, cpu: 3, open_files: u64::MAX, ..Head::default() };
        let mut bytes = Vec::new();
        head.encode(&mut bytes);
        assert_eq!(bytes.len(), Head::LENGTH);
        bytes.extend_from_slice(b"/bin/x\0a\0");
        let (read, mut texts) = Head::decode(&bytes).unwrap();
        assert_eq!(read, head);
        assert_eq!(texts.next(), Some(c"/bin/x"));
        assert_eq!(texts.next(), Some(c"a"));
        assert_eq!(texts.next(), None);
        assert!(Head::decode(&bytes[..Head::LENGTH - 1]).is_none());
        let mut cut = Texts(b"no end");
        assert_eq!(cut.skip(1), None);
    }
}
