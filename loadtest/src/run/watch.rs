//! Which submissions of a run still want a verdict.

/// Which submissions are stored, and which have a verdict.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    stored: Vec<bool>,
    judged: Vec<bool>,
    /// Stored, without a verdict.
    pub(crate) missing: usize,
    pub(crate) stored_count: usize,
    pub(crate) judged_count: usize,
}

impl Watch {
    /// Room for that many.
    pub(crate) fn of(count: usize) -> Self {
        Self { stored: vec![false; count], judged: vec![false; count], ..Self::default() }
    }

    /// The broker has stored it.
    pub(crate) fn stored(&mut self, index: usize) {
        let Some(stored) = self.stored.get_mut(index) else { return };
        if !std::mem::replace(stored, true) {
            self.stored_count += 1;
            self.missing += usize::from(!self.judged.get(index).copied().unwrap_or(false));
        }
    }

    /// It has a verdict.
    pub(crate) fn judged(&mut self, index: usize) {
        let Some(judged) = self.judged.get_mut(index) else { return };
        if !std::mem::replace(judged, true) {
            self.judged_count += 1;
            self.missing -= usize::from(self.stored.get(index).copied().unwrap_or(false));
        }
    }

    /// Stored, without a verdict.
    pub(crate) fn missing(&self) -> Vec<usize> {
        let both = self.stored.iter().zip(&self.judged).enumerate();
        both.filter(|(_, (stored, judged))| **stored && !**judged).map(|(index, _)| index).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_may_come_before_the_word_that_its_submission_is_stored() {
        let mut watch = Watch::of(3);
        watch.judged(0);
        watch.stored(0);
        watch.stored(1);
        watch.stored(1);
        assert_eq!((watch.missing, watch.missing()), (1, vec![1]));
        watch.judged(1);
        watch.judged(1);
        watch.judged(9);
        assert_eq!((watch.missing, watch.stored_count, watch.judged_count), (0, 2, 2));
    }
}
