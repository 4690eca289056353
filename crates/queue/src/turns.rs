//! Whose turn it is: the order in which a free slot asks the lanes.

/// Smooth weighted round-robin, pure: over any window, each lane with work is served in proportion
/// to its weight. A lane that is found empty is owed nothing for it, but keeps its debts: a trickle
/// of jobs in a light lane does not go before a heavy one.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    lanes: Vec<Turn>,
}

#[derive(Debug, Clone)]
struct Turn {
    weight: i64,
    credit: i64,
    /// Whether it had a job when it was asked last.
    has_work: bool,
}

impl Turns {
    pub(crate) fn new(weights: &[u32]) -> Self {
        let turn = |weight: &u32| Turn { weight: i64::from(*weight), credit: 0, has_work: true };
        Self { lanes: weights.iter().map(turn).collect() }
    }

    /// The lanes in the order in which to ask them.
    pub(crate) fn order(&mut self) -> Vec<usize> {
        for lane in &mut self.lanes {
            lane.credit += lane.weight;
        }
        let mut order: Vec<usize> = (0..self.lanes.len()).collect();
        order.sort_by_key(|lane| std::cmp::Reverse(self.lanes.get(*lane).map(|lane| lane.credit)));
        order
    }

    pub(crate) fn served(&mut self, lane: usize) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.has_work = true;
        }
        let total: i64 =
            self.lanes.iter().filter(|lane| lane.has_work).map(|lane| lane.weight).sum();
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.credit -= total;
        }
    }

    pub(crate) fn empty(&mut self, lane: usize) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.has_work = false;
            lane.credit = lane.credit.min(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(weights: &[u32], has_work: impl Fn(usize) -> bool, picks: usize) -> Vec<usize> {
        let mut turns = Turns::new(weights);
        let mut served = vec![0; weights.len()];
        for _ in 0..picks {
            for lane in turns.order() {
                if has_work(lane) {
                    turns.served(lane);
                    served[lane] += 1;
                    break;
                }
                turns.empty(lane);
            }
        }
        served
    }

    #[test]
    fn lanes_with_work_are_served_in_proportion_to_their_weights() {
        assert_eq!(share(&[8, 3, 1], |_| true, 120), [80, 30, 10]);
        assert_eq!(share(&[8, 3, 1], |lane| lane != 0, 120), [0, 90, 30]);
        assert_eq!(share(&[8, 3, 1], |lane| lane == 2, 50), [0, 0, 50]);
    }

    #[test]
    fn a_lane_that_was_empty_is_not_owed_its_past() {
        let mut turns = Turns::new(&[1, 1]);
        for _ in 0..1000 {
            for lane in turns.order() {
                if lane == 1 {
                    turns.served(lane);
                    break;
                }
                turns.empty(lane);
            }
        }
        let mut first = 0;
        for _ in 0..10 {
            let lane = turns.order()[0];
            turns.served(lane);
            first += usize::from(lane == 0);
        }
        assert!((4..=7).contains(&first), "{first} of 10");
    }

    #[test]
    fn a_trickle_in_a_light_lane_stays_within_its_share() {
        // A new job is in the light lane at every second turn, the heavy lane is always full.
        let mut turns = Turns::new(&[8, 1]);
        let (mut waiting, mut light) = (0, 0);
        for turn in 0..900 {
            waiting += turn % 2;
            for lane in turns.order() {
                if lane == 1 && waiting == 0 {
                    turns.empty(lane);
                    continue;
                }
                turns.served(lane);
                if lane == 1 {
                    waiting -= 1;
                    light += 1;
                }
                break;
            }
        }
        assert!((95..=105).contains(&light), "{light} of 900");
    }
}
