//! Control groups: what a box may use, what it has used, and the end of everything in it.
//!
//! [`Level::probe`] finds out once per process what this machine gives, makes and removes a group to
//! prove it, and from then on hands out one [`Group`] per box. Four levels, best first:
//!
//! | level | memory, processes | CPU time, kill, "is it empty" | the program enters by |
//! |---|---|---|---|
//! | v2 | v2 | v2 | `CLONE_INTO_CGROUP` |
//! | hybrid | v1 | a v2 tree without controllers | v2 as above; v1 inherited from the box's init |
//! | v1 | v1 | v1 (`cpuacct`), signals | inherited from the box's init |
//! | rootless | `/proc`, polling: approximate | `/proc`, the PID namespace | nothing to enter |
//!
//! Nothing is ever attached on the way of a run: moving a process waits for an RCU grace period
//! (7-20 ms on an idle kernel). On v1 the box's *init* writes `0` to [`Group::attach_fds`] while the
//! box is prepared ahead, and the program is born inside.
//!
//! Groups lie in a directory per life of a node, `minos-PID-STARTTIME`, on which the node holds an
//! advisory lock: [`Level::sweep`] removes the directories whose lock is free, so it never touches a
//! live neighbour, not even one in another PID namespace.

mod error;
mod file;
mod group;
mod hybrid;
mod level;
mod life;
mod mounts;
mod rootless;
mod v1;
mod v2;

pub use error::CgroupError;
pub use group::{Group, Readings};
pub use level::{Level, ProbeConfig, Swept};
