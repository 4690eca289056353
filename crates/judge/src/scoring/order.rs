//! In which order tests are judged that wait for each other's groups.

use std::collections::{BTreeMap, BTreeSet};

use minos_problem::Problem;

use super::points::{above, around};

/// A group, while tests are put in order.
#[derive(Debug, Default)]
struct Place {
    /// Its tests that have no place yet, however deep.
    left: usize,
    /// Tests that wait for the last of them.
    waiting: Vec<usize>,
}

/// See [`super::order()`]. Of the tests that wait for none any more the first listed is next.
pub(super) fn order(problem: &Problem) -> Vec<usize> {
    let inside: Vec<BTreeSet<&str>> =
        problem.tests.iter().map(|test| above(problem, std::iter::once(test))).collect();
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    for name in inside.iter().flatten() {
        places.entry(name).or_default().left += 1;
    }
    // For how many groups each test waits.
    let mut awaits = vec![0_usize; problem.tests.len()];
    for (index, (test, own)) in problem.tests.iter().zip(&inside).enumerate() {
        let names: BTreeSet<&str> = around(problem, test)
            .into_iter()
            .flat_map(|group| &group.dependencies)
            .map(String::as_str)
            .filter(|name| !own.contains(name))
            .collect();
        for name in names {
            if let (Some(place), Some(count)) = (places.get_mut(name), awaits.get_mut(index)) {
                place.waiting.push(index);
                *count += 1;
            }
        }
    }
    let free = awaits.iter().enumerate().filter(|(_, count)| **count == 0);
    let mut free: BTreeSet<usize> = free.map(|(index, _)| index).collect();
    let mut order = Vec::new();
    while let Some(index) = free.pop_first() {
        order.push(index);
        for name in inside.get(index).into_iter().flatten() {
            for other in places.get_mut(name).map(leave).unwrap_or_default() {
                if let Some(count) = awaits.get_mut(other) {
                    *count -= 1;
                    if *count == 0 {
                        free.insert(other);
                    }
                }
            }
        }
    }
    // Dependencies do not run in circles; if they did, what is in one would be last.
    let placed: BTreeSet<usize> = order.iter().copied().collect();
    order.extend((0..problem.tests.len()).filter(|index| !placed.contains(index)));
    order
}

/// A test of a group has its place: those that wait for the group no more.
fn leave(place: &mut Place) -> Vec<usize> {
    place.left -= 1;
    if place.left == 0 { std::mem::take(&mut place.waiting) } else { Vec::new() }
}
