//! A whole node in this process, against a real broker and real boxes: needs root (or another way to
//! make boxes), a C++ compiler and the nats-server that `cargo xtask` fetches. Without them these
//! tests fail and say what is missing.

#[cfg(test)]
mod ahead;
#[cfg(test)]
mod health;
#[cfg(test)]
mod judging;
#[cfg(test)]
mod life;
#[cfg(test)]
mod scaling;
#[cfg(test)]
mod support;
#[cfg(test)]
mod trust;
