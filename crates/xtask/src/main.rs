//! The developers' commands: `cargo xtask setup`, `cargo xtask test`, `cargo xtask demo`.
//!
//! One command each, on a fresh Debian machine with nothing but a Rust toolchain. Whatever a verb
//! installs it announces first; running it again changes nothing.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for people: what it does and finds is said on the terminal"
)]

mod demo;
mod setup;
mod shell;
mod test;
mod vm;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <verb>

  setup   install what building, testing and running needs; says what before it does;
          `setup running` leaves out what only tests need
  test    setup, then every check and every test of the repository (what CI runs)
  demo    setup, start the whole system here, judge the demonstration programs, compare
  check   only the quick checks of `test`: tidy, layering, typos, fmt, deploy
  vm      only the emulated machine of `test`: the box's tests and the corpus on cgroup v2
  neighbours
          what each hostile program does to the run after it and beside it, measured (minutes,
          on a quiet machine): fails when CPU moves by more than 1 ms or memory by 64 KiB
  help    this text

Tests and the demo make boxes, which needs root. MINOS_CACHE moves the cache (default
~/.cache/minos); MINOS_NATS_SERVER names a broker binary to use instead of the pinned one.
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["setup"] => setup::everything().map(|()| println!("setup: all there")),
        ["setup", "running"] => setup::running().map(|()| println!("setup: all there to run")),
        ["test"] => test::everything(),
        ["check"] => test::quick(),
        ["demo"] => demo::run(),
        ["vm"] => vm::run(),
        ["neighbours"] => vm::neighbours(),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => {
            eprint!("cargo xtask: there is no verb `{}`\n\n{HELP}", other.join(" "));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
