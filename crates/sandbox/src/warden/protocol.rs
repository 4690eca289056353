//! What node and warden say to each other: sequenced packets on one socket, descriptors beside
//! them. Both ends are one build, so there is no version to negotiate, only a mark to check.

use crate::SetupStep;
use crate::spec::Bind;

/// The argument that makes an executable a warden.
pub(crate) const VERB: &str = "minos-warden";
/// Starts a [`Hello`], so that a stray executable is noticed.
const MARK: u32 = 0x6d69_0001;
/// The longest message either side sends on the control socket.
pub(crate) const MAX_CONTROL: usize = 128 << 10;
/// The most v1 groups an init enters.
pub(crate) const MAX_ATTACH: usize = 6;

/// The first message, with one descriptor: the shared cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hello {
    /// The node's process, the warden's parent.
    pub node: u32,
    /// User and group of the programs.
    pub uid: u32,
    /// Whether a user namespace has to give the rights that the node does not have.
    pub rootless: bool,
    /// Whether there is no group to limit processes, so that the user's own limit has to.
    pub limited_by_user: bool,
    /// Size of each of the box's two tmpfs, bytes.
    pub disk: u64,
    /// Inodes of each.
    pub disk_files: u32,
    /// What boxes see of the host.
    pub binds: Vec<Bind>,
}

/// A step of the warden's that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub step: SetupStep,
    pub errno: i32,
    pub subject: Option<String>,
}

impl Failure {
    pub(crate) const fn new(step: SetupStep, errno: i32) -> Self {
        Self { step, errno, subject: None }
    }
}

impl From<Failure> for crate::SandboxError {
    fn from(failure: Failure) -> Self {
        Self::setup(failure.step, failure.errno, failure.subject)
    }
}

/// Names the step an errno belongs to.
pub(crate) trait At<T> {
    /// The failure of `step`.
    fn at(self, step: SetupStep) -> Result<T, Failure>;
    /// The failure of `step` with what it was about.
    fn about(self, step: SetupStep, subject: impl Into<String>) -> Result<T, Failure>;
}

impl<T> At<T> for Result<T, i32> {
    fn at(self, step: SetupStep) -> Result<T, Failure> {
        self.map_err(|errno| Failure::new(step, errno))
    }

    fn about(self, step: SetupStep, subject: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|errno| Failure { step, errno, subject: Some(subject.into()) })
    }
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, step: SetupStep) -> Result<T, Failure> {
        self.map_err(|error| error.raw_os_error().unwrap_or(libc::EIO)).at(step)
    }

    fn about(self, step: SetupStep, subject: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|error| error.raw_os_error().unwrap_or(libc::EIO)).about(step, subject)
    }
}

/// Asks for a box. Beside it come, in this order: the box's socket, the writing ends of its stdout
/// and stderr, the group to be born into (when there is one), the groups to enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prepare {
    /// Which shared cell is the box's.
    pub cell: u8,
    /// Whether a group to be born into comes with it.
    pub into_group: bool,
}

impl Prepare {
    pub(crate) const LENGTH: usize = 2;

    pub(crate) fn encode(self) -> [u8; Self::LENGTH] {
        [self.cell, u8::from(self.into_group)]
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [cell, into @ (0 | 1)] => Some(Self { cell: *cell, into_group: *into == 1 }),
            _other => None,
        }
    }
}

/// The warden's answer: to a [`Hello`] without, to a [`Prepare`] with init's id and a pidfd beside.
pub(crate) type Answer = Result<u32, Failure>;

pub(crate) fn encode_answer(answer: &Answer) -> Vec<u8> {
    let mut out = Writer::default();
    match answer {
        Ok(pid) => {
            out.u32(0);
            out.u32(*pid);
        }
        Err(failure) => {
            out.u32(failure.step.number());
            out.u32(failure.errno.cast_unsigned());
            out.bytes(failure.subject.as_deref().unwrap_or_default().as_bytes());
        }
    }
    out.0
}

pub(crate) fn decode_answer(bytes: &[u8]) -> Option<Answer> {
    let mut from = Reader(bytes);
    let (step, value) = (from.u32()?, from.u32()?);
    if step == 0 {
        return Some(Ok(value));
    }
    let subject = String::from_utf8_lossy(from.bytes()?).into_owned();
    let subject = if subject.is_empty() { None } else { Some(subject) };
    let step = SetupStep::from_number(step)?;
    Some(Err(Failure { step, errno: value.cast_signed(), subject }))
}

impl Hello {
    pub(crate) fn encode(&self) -> Vec<u8> {
        use std::os::unix::ffi::OsStrExt as _;
        let mut out = Writer::default();
        out.u32(MARK);
        out.u32(self.node);
        out.u32(self.uid);
        out.u32(u32::from(self.rootless));
        out.u32(u32::from(self.limited_by_user));
        out.u64(self.disk);
        out.u32(self.disk_files);
        for bind in &self.binds {
            out.bytes(bind.host.as_os_str().as_bytes());
            out.bytes(bind.inside.as_os_str().as_bytes());
            out.u32(u32::from(bind.writable));
        }
        out.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        use std::os::unix::ffi::OsStrExt as _;
        let path = |bytes| std::path::PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
        let mut from = Reader(bytes);
        if from.u32()? != MARK {
            return None;
        }
        let (node, uid) = (from.u32()?, from.u32()?);
        let (rootless, limited_by_user) = (from.u32()? == 1, from.u32()? == 1);
        let (disk, disk_files) = (from.u64()?, from.u32()?);
        let mut binds = Vec::new();
        while !from.0.is_empty() {
            let (host, inside) = (path(from.bytes()?), path(from.bytes()?));
            binds.push(Bind { host, inside, writable: from.u32()? == 1 });
        }
        Some(Self { node, uid, rootless, limited_by_user, disk, disk_files, binds })
    }
}

/// Little-endian numbers, and bytes with their length before them.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(bytes);
    }
}

/// Reads what [`Writer`] wrote; `None` when it is cut.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn u32(&mut self) -> Option<u32> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*head))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*head))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_reads_back() {
        let binds = vec![Bind::read_only("/usr", "/usr"), Bind::read_only("/a b", "/w/x")];
        let hello = Hello {
            node: 7,
            uid: 60_001,
            rootless: true,
            limited_by_user: false,
            disk: 1 << 40,
            disk_files: 9,
            binds,
        };
        assert_eq!(Hello::decode(&hello.encode()), Some(hello.clone()));
        let cut = hello.encode();
        assert_eq!(Hello::decode(&cut[..cut.len() - 1]), None);

        let subject = Some("/x".to_owned());
        let failure = Failure { step: SetupStep::Exec, errno: libc::ENOENT, subject };
        for answer in [Ok(42), Err(failure), Err(Failure::new(SetupStep::Job, 0))] {
            assert_eq!(decode_answer(&encode_answer(&answer)), Some(answer));
        }
        let prepare = Prepare { cell: 3, into_group: true };
        assert_eq!(Prepare::decode(&prepare.encode()), Some(prepare));
        assert_eq!(Prepare::decode(&[1, 2]), None);
    }
}
