//! The warden as an executable of its own, for programs that are not `minos` (tests, above all).

fn main() {
    minos_sandbox::warden_main()
}
