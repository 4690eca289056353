//! Tells `minos` which commit it was built from.

mod commit;

fn main() {
    commit::tell();
}
