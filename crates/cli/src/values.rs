//! Values as they are typed: `HOST:BOX[:rw]`, `K=V`, limits.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use minos_model::{Bytes, CpuTime, LimitError, Limits, RawLimits, WallTime};

/// `--bind HOST:BOX[:rw]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BindValue {
    /// The path on this machine.
    pub(crate) host: PathBuf,
    /// The path inside the box, absolute.
    pub(crate) inside: PathBuf,
    /// Whether the program may write there.
    pub(crate) writable: bool,
}

impl FromStr for BindValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = |why: &str| Err(format!("{why} (write HOST:BOX or HOST:BOX:rw)"));
        let mut parts = text.split(':');
        let (Some(host), Some(inside)) = (parts.next(), parts.next()) else {
            return refused("no path inside the box");
        };
        let writable = match parts.next() {
            None | Some("ro") => false,
            Some("rw") => true,
            Some(other) => return refused(&format!("`{other}` is neither `rw` nor `ro`")),
        };
        if parts.next().is_some() {
            return refused("too many `:`");
        }
        if host.is_empty() {
            return refused("no path on this machine");
        }
        if !inside.starts_with('/') || inside.split('/').any(|part| part == "..") {
            return refused(&format!("`{inside}` is not an absolute path inside the box"));
        }
        Ok(Self { host: host.into(), inside: inside.into(), writable })
    }
}

/// `--env K=V`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvValue {
    /// The variable's name.
    pub(crate) name: OsString,
    /// Its value, possibly empty.
    pub(crate) value: OsString,
}

impl FromStr for EnvValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.into(), value: value.into() })
            }
            _ => Err("write NAME=VALUE".to_owned()),
        }
    }
}

/// The limits of one run, with the defaults of `minos run`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// CPU time of all its processes together.
    #[arg(long, allow_hyphen_values = true, value_name = "TIME", default_value = "10s")]
    cpu: CpuTime,
    /// Wall-clock time.
    #[arg(long, allow_hyphen_values = true, value_name = "TIME", default_value = "30s")]
    wall: WallTime,
    /// Memory of all its processes together, files it writes included.
    #[arg(long, allow_hyphen_values = true, value_name = "SIZE", default_value = "256MiB")]
    memory: Bytes,
    /// Bytes on stdout, and the size of any one file.
    #[arg(long, allow_hyphen_values = true, value_name = "SIZE", default_value = "64MiB")]
    output: Bytes,
    /// Processes and threads that exist at once.
    #[arg(long, allow_hyphen_values = true, value_name = "N", default_value = "64")]
    processes: u32,
    /// Open descriptors per process.
    #[arg(long, allow_hyphen_values = true, value_name = "N", default_value = "64")]
    files: u32,
    /// Stack of the main thread [default: as large as the memory limit].
    #[arg(long, allow_hyphen_values = true, value_name = "SIZE")]
    stack: Option<Bytes>,
}

impl LimitArgs {
    /// The limits, checked.
    ///
    /// # Errors
    /// The first that no run can have.
    pub(crate) fn limits(&self) -> Result<Limits, LimitError> {
        Limits::new(RawLimits {
            cpu: self.cpu,
            wall: self.wall,
            memory: self.memory,
            output: self.output,
            processes: self.processes,
            files: self.files,
            stack: self.stack,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_is_two_paths_and_perhaps_a_mode() {
        let bind: BindValue = "data:/data".parse().unwrap();
        assert_eq!((bind.writable, bind.inside), (false, PathBuf::from("/data")));
        assert!("/srv/in:/in:rw".parse::<BindValue>().unwrap().writable);
        for text in ["", "data", ":/data", "data:", "data:in", "a:/../b", "a:/b:wr", "a:/b:rw:x"] {
            let error = text.parse::<BindValue>().unwrap_err();
            assert!(error.contains("HOST:BOX"), "{text}: {error}");
        }
    }

    #[test]
    fn a_variable_is_a_name_and_a_value_that_may_be_empty() {
        assert_eq!("A=b=c".parse::<EnvValue>().unwrap().value, OsString::from("b=c"));
        assert_eq!("A=".parse::<EnvValue>().unwrap().value, OsString::new());
        for text in ["", "A", "=b"] {
            assert!(text.parse::<EnvValue>().is_err(), "{text}");
        }
    }
}
