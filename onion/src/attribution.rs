//! Attribution data: which hop held an HTLC how long, and which hop changed what came back (BOLT 4, Returning Errors;
//! features 36 and 37).
//!
//! ```text
//! hold_times: 20 times 4 bytes, the nearest hop first
//! hmacs:      20 codes of the nearest hop, 19 of the next, ... 1 of the twentieth; 4 bytes each
//! ```
//! No hop knows how far it is from the end. So each writes one code for every distance that it may have, covering the
//! hold times and codes of just so many hops behind it, and the payer, who knows, checks the right one. A hop that puts
//! its own in front pushes the rest back, and out goes what belonged to routes that would be too long.

use std::fmt;

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};

use crate::keys::{KeyType, SharedSecret, same_secret};

/// Hops that can be attributed.
pub const ATTRIBUTABLE_HOP_COUNT: usize = 20;
/// Bytes of attribution data.
pub const ATTRIBUTION_DATA_LEN: usize = HOLD_TIMES_LEN + HMACS_LEN;

/// `attribution_data` of `update_fail_htlc` and `update_fulfill_htlc`.
#[derive(Clone, PartialEq, Eq)]
pub struct AttributionData([u8; ATTRIBUTION_DATA_LEN]);

/// How long a node held an HTLC, in units of 100 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HoldTime(u32);

/// What attribution data says about the way back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attribution {
    /// The hold times of the hops whose codes are right, the payer's peer first.
    pub hold_times: Vec<HoldTime>,
    /// The first hop, from 0, whose code is wrong: it or the hop before it changed what came back, or one of the two does
    /// not support attribution. `None` where all that were asked are right.
    pub broken_at: Option<usize>,
}

impl HoldTime {
    /// Takes a number of units of 100 ms.
    pub const fn from_units(units: u32) -> Self {
        HoldTime(units)
    }

    /// Rounds milliseconds down to units, and holds at the largest.
    pub const fn from_millis(millis: u64) -> Self {
        let units = millis / UNIT_MILLIS;
        HoldTime(if units > u32::MAX as u64 { u32::MAX } else { units as u32 })
    }

    /// The number of units.
    pub const fn to_units(self) -> u32 {
        self.0
    }
}

impl AttributionData {
    /// Takes the bytes of `attribution_data`.
    pub const fn from_bytes(bytes: [u8; ATTRIBUTION_DATA_LEN]) -> Self {
        AttributionData(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; ATTRIBUTION_DATA_LEN] {
        &self.0
    }

    /// What a hop returns for an HTLC that was fulfilled: its own hold time before what came from the hop behind it, if
    /// anything came.
    pub fn for_success(behind: Option<AttributionData>, secret: &SharedSecret, hold_time: HoldTime) -> Self {
        let mut data = AttributionData::before(behind, &[], secret, hold_time);
        data.obfuscate(secret);
        data
    }

    /// Reads what came back with a fulfilled HTLC; `secrets` are those of the hops, the payer's peer first.
    pub fn read_success(mut self, secrets: &[SharedSecret]) -> Attribution {
        let count = secrets.len().min(ATTRIBUTABLE_HOP_COUNT);
        let mut attribution = Attribution::default();
        for (at, secret) in secrets[..count].iter().enumerate() {
            if !attribution.take(&mut self, secret, &[], at, count) {
                break;
            }
        }
        attribution
    }

    /// The data in clear of a hop that returns `message`.
    pub(crate) fn before(
        behind: Option<AttributionData>,
        message: &[u8],
        secret: &SharedSecret,
        hold_time: HoldTime,
    ) -> Self {
        let mut data = match behind {
            Some(mut behind) => {
                behind.push_back();
                behind
            }
            None => AttributionData([0; ATTRIBUTION_DATA_LEN]),
        };
        data.0[..TIME_LEN].copy_from_slice(&hold_time.0.to_be_bytes());
        let engine = message_engine(secret, message);
        for distance in 0..ATTRIBUTABLE_HOP_COUNT {
            let code = data.code(engine.clone(), distance);
            data.0[own_code(distance)..][..CODE_LEN].copy_from_slice(&code);
        }
        data
    }

    /// Obfuscates the data, or clears it.
    pub(crate) fn obfuscate(&mut self, secret: &SharedSecret) {
        secret.key(KeyType::AmmagExt).stream().apply(&mut self.0);
    }

    /// The code that the first hop writes if `distance` hops are behind it: over their hold times and its own, and those
    /// of their codes that each wrote for its own distance.
    fn code(&self, mut engine: HmacEngine<sha256::Hash>, distance: usize) -> [u8; CODE_LEN] {
        engine.input(&self.0[..(distance + 1) * TIME_LEN]);
        for hop in 1..=distance {
            engine.input(&self.0[code_at(hop, distance - hop)..][..CODE_LEN]);
        }
        let code = Hmac::<sha256::Hash>::from_engine(engine).to_byte_array();
        *code.first_chunk().expect("a code is shorter than a hash")
    }

    /// Makes room for a hop before the others.
    fn push_back(&mut self) {
        self.0.copy_within(..HOLD_TIMES_LEN - TIME_LEN, TIME_LEN);
        // From the last hop on, so that nothing is overwritten before it is moved. Each hop loses its code for the
        // largest distance, which is now too far.
        for hop in (1..ATTRIBUTABLE_HOP_COUNT).rev() {
            let from = block_at(hop - 1) + CODE_LEN;
            self.0.copy_within(from..from + block_len(hop), block_at(hop));
        }
    }

    /// Undoes [`AttributionData::push_back`], but for what was lost.
    fn pull_front(&mut self) {
        self.0.copy_within(TIME_LEN..HOLD_TIMES_LEN, 0);
        for hop in 1..ATTRIBUTABLE_HOP_COUNT {
            let from = block_at(hop);
            self.0.copy_within(from..from + block_len(hop), block_at(hop - 1) + CODE_LEN);
        }
    }
}

impl Attribution {
    /// Takes the layer of the hop at `at` off `data` and reads it; false where its code is wrong.
    pub(crate) fn take(
        &mut self,
        data: &mut AttributionData,
        secret: &SharedSecret,
        message: &[u8],
        at: usize,
        hop_count: usize,
    ) -> bool {
        data.obfuscate(secret);
        let distance = hop_count - at - 1;
        let expected = data.code(message_engine(secret, message), distance);
        if !same_secret(&expected, &data.0[own_code(distance)..][..CODE_LEN]) {
            self.broken_at = Some(at);
            return false;
        }
        let units = *data.0.first_chunk().expect("hold times come first");
        self.hold_times.push(HoldTime(u32::from_be_bytes(units)));
        data.pull_front();
        true
    }
}

impl fmt::Debug for AttributionData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttributionData(..)")
    }
}

/// All codes of a hop begin with the message; it is hashed once.
fn message_engine(secret: &SharedSecret, message: &[u8]) -> HmacEngine<sha256::Hash> {
    let mut engine = secret.key(KeyType::Um).hmac();
    engine.input(message);
    engine
}

/// Where the codes of a hop begin; hop 0 is the nearest.
const fn block_at(hop: usize) -> usize {
    // The blocks before have 20, 19, ... codes.
    HOLD_TIMES_LEN + CODE_LEN * (hop * (2 * ATTRIBUTABLE_HOP_COUNT + 1 - hop) / 2)
}

/// Bytes of the codes of a hop.
const fn block_len(hop: usize) -> usize {
    CODE_LEN * (ATTRIBUTABLE_HOP_COUNT - hop)
}

/// Where a hop's code for a distance lies: the largest distance comes first.
const fn code_at(hop: usize, distance: usize) -> usize {
    block_at(hop) + CODE_LEN * (ATTRIBUTABLE_HOP_COUNT - hop - 1 - distance)
}

const fn own_code(distance: usize) -> usize {
    code_at(0, distance)
}

const TIME_LEN: usize = 4;
const CODE_LEN: usize = 4;
const HOLD_TIMES_LEN: usize = ATTRIBUTABLE_HOP_COUNT * TIME_LEN;
const HMACS_LEN: usize = CODE_LEN * (ATTRIBUTABLE_HOP_COUNT * (ATTRIBUTABLE_HOP_COUNT + 1) / 2);
const UNIT_MILLIS: u64 = 100;
