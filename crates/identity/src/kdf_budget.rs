//! The budget for opening a file, and outdated algorithms found on the way. A key store contains its number
//! of rounds, so a hostile one could take hours: the sum over one reading is bounded, and checked before each
//! derivation.

use std::collections::BTreeSet;

use crate::fault::Fault;
use crate::limits::{MAX_ROUNDS, MAX_ROUNDS_WHEN_RIGHT};

/// The budget of one reading.
#[derive(Debug, Default)]
pub(crate) struct KdfBudget {
    spent: u64,
    is_right: bool,
    outdated: BTreeSet<&'static str>,
}

impl KdfBudget {
    /// Requests rounds from the budget.
    pub(crate) fn spend(&mut self, rounds: u64) -> Result<(), Fault> {
        let limit = if self.is_right { MAX_ROUNDS_WHEN_RIGHT } else { MAX_ROUNDS };
        let asked = self.spent.saturating_add(rounds);
        if rounds > MAX_ROUNDS {
            return Err(Fault::Rounds(rounds, MAX_ROUNDS));
        }
        if asked > limit {
            return Err(Fault::Rounds(asked, limit));
        }
        self.spent = asked;
        Ok(())
    }

    /// Records that the password passed an integrity check: no more attempts follow.
    pub(crate) fn password_is_right(&mut self) {
        self.is_right = true;
    }

    /// Records an outdated algorithm.
    pub(crate) fn outdated(&mut self, name: &'static str) {
        self.outdated.insert(name);
    }

    /// Returns the outdated algorithms since the last call.
    pub(crate) fn take_outdated(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.outdated).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_summed_over_one_reading() {
        let mut budget = KdfBudget::default();
        budget.spend(MAX_ROUNDS).expect("up to the limit");
        assert_eq!(budget.spend(1), Err(Fault::Rounds(MAX_ROUNDS + 1, MAX_ROUNDS)));
        assert_eq!(KdfBudget::default().spend(u64::MAX), Err(Fault::Rounds(u64::MAX, MAX_ROUNDS)));
    }

    #[test]
    fn key_store_of_many_parts_is_within_limit_for_right_password() {
        let mut budget = KdfBudget::default();
        budget.password_is_right();
        for _ in 0..40 {
            budget.spend(600_000).expect("a part by GnuTLS");
        }
        assert_eq!(budget.spend(MAX_ROUNDS + 1), Err(Fault::Rounds(MAX_ROUNDS + 1, MAX_ROUNDS)));
        budget.spend(MAX_ROUNDS).expect("within the limit");
        assert!(budget.spend(MAX_ROUNDS).is_err());
    }
}
