//! Whether two collections hold the same things in whatever order, found out without sorting and without a miss of
//! the cache: by fingerprints.
//!
//! The things are tuples of words below 2^60. With `p = 2^61 - 1` and secret random `k` and `r` below it, a thing `x`
//! is hashed to `e(x) = sum k_i x_i mod p`, and a collection to the product of all `r + e(x) mod p`: the polynomial
//! whose roots are the hashes, at one point (Lipton, Fingerprinting sets, 1989). Two collections of n things that
//! differ have a thing `x` that one holds more often. Their products are equal only if one of the 2n others is hashed
//! as `x` is (a chance of 2n / p over `k`), or if `r` is one of the n points where both polynomials meet (n / p):
//! below one in 2^35 for 2^24 arcs, whoever made them.
//!
//! An equal pair always passes; so a good file is never refused.

use std::hash::{BuildHasher, RandomState};

/// The secret numbers of one comparison.
pub(super) struct Keys {
    words: [u64; WORD_COUNT_MAX],
    point: u64,
}

/// The fingerprint of a collection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fingerprint(u64);

impl Keys {
    /// New secrets, from the random keys of this process.
    pub(super) fn new() -> Self {
        let source = RandomState::new();
        let secret = |place: usize| source.hash_one(place) % PRIME;
        Keys { words: std::array::from_fn(secret), point: secret(WORD_COUNT_MAX) }
    }
}

impl Fingerprint {
    /// That of nothing.
    pub(super) const EMPTY: Fingerprint = Fingerprint(1);

    /// Adds a thing: words below 2^60, at most five.
    #[inline(always)]
    pub(super) fn insert<const N: usize>(&mut self, keys: &Keys, words: [u64; N]) {
        const { assert!(N <= WORD_COUNT_MAX) };
        // Five products of numbers below 2^60 and 2^61 stay below 2^124.
        let mut hash = 0u128;
        for (word, key) in words.into_iter().zip(keys.words) {
            debug_assert!(word < 1 << 60);
            hash += u128::from(word) * u128::from(key);
        }
        // Both factors are below 2^63, so the product is below 2^126.
        self.0 = fold(u128::from(self.0) * u128::from(keys.point + fold(hash)));
    }

    /// That of both collections together.
    pub(super) fn merge(self, other: Fingerprint) -> Fingerprint {
        Fingerprint(fold(u128::from(self.0) * u128::from(other.0)))
    }

    /// The one number that stands for all of its residue class.
    pub(super) fn value(self) -> u64 {
        self.0 % PRIME
    }
}

/// A number below 2^62 + 2^6 of the same residue: 2^61 is one more than the prime, so digits of 61 bits are added.
#[inline(always)]
fn fold(value: u128) -> u64 {
    (value as u64 & PRIME) + ((value >> WORD_BITS) as u64 & PRIME) + (value >> (2 * WORD_BITS)) as u64
}

const WORD_BITS: u32 = 61;
const PRIME: u64 = (1 << WORD_BITS) - 1;
const WORD_COUNT_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(keys: &Keys, things: &[[u64; 2]]) -> Fingerprint {
        let mut fingerprint = Fingerprint::EMPTY;
        things.iter().for_each(|thing| fingerprint.insert(keys, *thing));
        fingerprint
    }

    #[test]
    fn order_and_cut_change_nothing() {
        let keys = Keys::new();
        let things = [[1, 2], [3, 4], [(1 << 60) - 1, 5], [0, 7], [1, 2]];
        let whole = of(&keys, &things).value();
        let reversed: Vec<_> = things.into_iter().rev().collect();
        assert_eq!(of(&keys, &reversed).value(), whole);
        assert_eq!(of(&keys, &things[..2]).merge(of(&keys, &things[2..])).value(), whole);
    }

    #[test]
    fn any_difference_shows() {
        let keys = Keys::new();
        let whole = of(&keys, &[[1, 2], [3, 4]]).value();
        for other in [&[[1, 2], [3, 5]][..], &[[2, 1], [3, 4]], &[[1, 2]], &[[1, 2], [3, 4], [0, 0]], &[]] {
            assert_ne!(of(&keys, other).value(), whole, "{other:?}");
        }
    }

    #[test]
    fn folding_keeps_the_residue() {
        for value in [0, 1, u128::from(PRIME), 1 << 61, (1 << 126) - 1, u128::from(u64::MAX) << 61] {
            assert_eq!(u128::from(fold(value)) % u128::from(PRIME), value % u128::from(PRIME));
            assert!(fold(value) < (1 << 62) + (1 << 6));
        }
    }
}
