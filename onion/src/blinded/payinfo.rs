//! What a payer is told of a blinded path's costs (BOLT 4; BOLT 12, `blinded_payinfo`).
//!
//! ```text
//! fee_base_msat 4 | fee_proportional_millionths 4 | cltv_expiry_delta 2 | htlc_minimum_msat 8 | htlc_maximum_msat 8
//! flen 2 | features flen
//! ```

use primitives::codec::Sink;
use primitives::{CltvExpiryDelta, Features, Fee, Msat};

use super::data::PaymentRelay;

/// The costs and limits of a whole path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayInfo {
    /// What all nodes charge together.
    pub fee: Fee,
    /// What all nodes and the payee want together.
    pub cltv_expiry_delta: CltvExpiryDelta,
    /// The least that the path delivers.
    pub htlc_minimum_msat: Msat,
    /// The most that the path delivers.
    pub htlc_maximum_msat: Msat,
    /// Features of the path.
    pub features: Features,
}

impl PayInfo {
    /// Adds up what the forwarding nodes want, the first node's first, and the payee's own delta. The sums round each fee
    /// up, so that nobody gets less than he wants. `None` where a sum does not fit its field.
    pub fn aggregate(
        relays: &[PaymentRelay],
        final_cltv_expiry_delta: CltvExpiryDelta,
        htlc_minimum_msat: Msat,
        htlc_maximum_msat: Msat,
    ) -> Option<Self> {
        let (mut base, mut proportional) = (0_u128, 0_u128);
        let mut delta = final_cltv_expiry_delta.to_blocks();
        for relay in relays.iter().rev() {
            let own = u128::from(relay.fee_proportional_millionths);
            let own_base = u128::from(relay.fee_base_msat);
            base = (own_base * MILLION + base * (MILLION + own)).div_ceil(MILLION);
            proportional = ((proportional + own) * MILLION + proportional * own).div_ceil(MILLION);
            // Once beyond the field, never back: refusing at once keeps the products small.
            if base.max(proportional) > u128::from(u32::MAX) {
                return None;
            }
            delta = delta.checked_add(relay.cltv_expiry_delta)?;
        }
        Some(PayInfo {
            fee: Fee {
                fee_base_msat: u32::try_from(base).ok()?,
                fee_proportional_millionths: u32::try_from(proportional).ok()?,
            },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(delta),
            htlc_minimum_msat,
            htlc_maximum_msat,
            features: Features::default(),
        })
    }

    /// What must arrive at the first node so that `amount` arrives at the payee; `None` beyond 64 bits.
    pub fn amount_at_introduction(&self, amount: Msat) -> Option<Msat> {
        amount.checked_add(self.fee.of(amount)?)
    }

    /// What must arrive at the first node so that at least `amount` arrives at the payee, however it is cut in up to
    /// `part_count` parts that each pay what they must: the base fee each, and what rounding may take. `None` beyond 64 bits.
    pub fn amount_at_introduction_in_parts(&self, amount: Msat, part_count: usize) -> Option<Msat> {
        let more = u64::try_from(part_count.saturating_sub(1)).ok()?;
        // A part delivers at least (arriving - base + 1) / (1 + rate) - 1; two times 1 + rate make up for it.
        let rounding = 2 * (1 + u64::from(self.fee.fee_proportional_millionths).div_ceil(MILLION as u64));
        let each = u64::from(self.fee.fee_base_msat) + rounding;
        self.amount_at_introduction(amount)?.checked_add(Msat::from_msat(each.checked_mul(more)?))
    }

    /// The most that arrives at the payee of what arrives at the first node; `None` where that does not even pay the base
    /// fee.
    pub fn amount_delivered(&self, arriving: Msat) -> Option<Msat> {
        let rest = arriving.checked_sub(Msat::from_msat(self.fee.fee_base_msat.into()))?;
        // The most that makes amount + floor(amount * proportional / million) no more than the rest.
        let divisor = MILLION + u128::from(self.fee.fee_proportional_millionths);
        let beyond = ((u128::from(rest.to_msat()) + 1) * MILLION).div_ceil(divisor);
        u64::try_from(beyond - 1).ok().map(Msat::from_msat)
    }

    /// Writes the fields as invoices carry them.
    pub fn encode<S: Sink>(&self, sink: &mut S) {
        sink.put(&self.fee.fee_base_msat.to_be_bytes());
        sink.put(&self.fee.fee_proportional_millionths.to_be_bytes());
        sink.put(&self.cltv_expiry_delta.to_blocks().to_be_bytes());
        sink.put(&self.htlc_minimum_msat.to_msat().to_be_bytes());
        sink.put(&self.htlc_maximum_msat.to_msat().to_be_bytes());
        let features = self.features.as_be_bytes();
        // More bits than fit a message cannot be made.
        sink.put(&u16::try_from(features.len()).unwrap_or(u16::MAX).to_be_bytes());
        sink.put(features);
    }

    /// Reads the fields from the front of `bytes` and returns them with what follows; `None` where the bytes end early.
    pub fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (base, rest) = bytes.split_first_chunk()?;
        let (proportional, rest) = rest.split_first_chunk()?;
        let (delta, rest) = rest.split_first_chunk()?;
        let (minimum, rest) = rest.split_first_chunk()?;
        let (maximum, rest) = rest.split_first_chunk()?;
        let (features_len, rest) = rest.split_first_chunk()?;
        let (features, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*features_len)))?;
        let info = PayInfo {
            fee: Fee {
                fee_base_msat: u32::from_be_bytes(*base),
                fee_proportional_millionths: u32::from_be_bytes(*proportional),
            },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(u16::from_be_bytes(*delta)),
            htlc_minimum_msat: Msat::from_msat(u64::from_be_bytes(*minimum)),
            htlc_maximum_msat: Msat::from_msat(u64::from_be_bytes(*maximum)),
            features: Features::from_be_bytes(features),
        };
        Some((info, rest))
    }
}

const MILLION: u128 = 1_000_000;
