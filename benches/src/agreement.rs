//! How a contender's fees compare with a reference's.

use serde::{Deserialize, Serialize};

/// Counts of queries by what the contender answered, seen from the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Agreement {
    /// Both found a route, for the same fee.
    pub equal: u64,
    /// The contender's route is cheaper.
    pub cheaper: u64,
    /// The contender's route is dearer.
    pub dearer: u64,
    /// Of the dearer ones, those that are so by more than 1 sat.
    pub dearer_by_over_a_sat: u64,
    /// The reference found a route, the contender none.
    pub missed: u64,
    /// The contender found a route, the reference none.
    pub extra: u64,
    /// Neither found one.
    pub neither: u64,
    /// The reference's fees where the contender is dearer, summed.
    pub dearer_reference_msat: u64,
    /// What the contender charges on top of them.
    pub dearer_excess_msat: u64,
}

impl Agreement {
    /// Compares fees pairwise; `None` means no route. Stops at the shorter of both.
    pub fn of(
        reference: impl IntoIterator<Item = Option<u64>>,
        contender: impl IntoIterator<Item = Option<u64>>,
    ) -> Self {
        let mut counts = Agreement::default();
        for pair in reference.into_iter().zip(contender) {
            match pair {
                (Some(reference), Some(contender)) if contender > reference => {
                    counts.dearer += 1;
                    counts.dearer_by_over_a_sat += u64::from(contender - reference > 1000);
                    counts.dearer_reference_msat = counts.dearer_reference_msat.saturating_add(reference);
                    counts.dearer_excess_msat =
                        counts.dearer_excess_msat.saturating_add(contender - reference);
                }
                (Some(reference), Some(contender)) if contender < reference => counts.cheaper += 1,
                (Some(_), Some(_)) => counts.equal += 1,
                (Some(_), None) => counts.missed += 1,
                (None, Some(_)) => counts.extra += 1,
                (None, None) => counts.neither += 1,
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_counted_once() {
        let reference = [Some(5), Some(5), Some(5), Some(5), Some(5), None, None];
        let contender = [Some(5), Some(4), Some(8), Some(1006), None, Some(1), None];
        let expected = Agreement {
            equal: 1,
            cheaper: 1,
            dearer: 2,
            dearer_by_over_a_sat: 1,
            missed: 1,
            extra: 1,
            neither: 1,
            dearer_reference_msat: 10,
            dearer_excess_msat: 1004,
        };
        assert_eq!(Agreement::of(reference, contender), expected);
    }
}
