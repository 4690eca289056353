//! How many slots a node has when nobody says: one for each physical core, because two threads of
//! one core slow each other down, and a core for the node itself where there are more than two.

/// Slots by default; at least one.
#[must_use]
pub fn slots() -> u16 {
    slots_of(minos_sandbox::physical_cores())
}

fn slots_of(cores: usize) -> u16 {
    let slots = if cores > 2 { cores - 1 } else { cores };
    u16::try_from(slots).unwrap_or(u16::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_is_kept_for_the_node_where_there_are_more_than_two() {
        for (cores, slots) in [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (64, 63)] {
            assert_eq!(slots_of(cores), slots, "{cores}");
        }
        assert!(slots() >= 1);
    }
}
