//! Which nodes take less for what arrives over some of their channels (inbound fees, bLIP-18), and where the arcs that
//! leave such *givers* lie in the lists by head.
//!
//! A list is sorted by what its tails charge, and no bound of it holds where a discount takes the charge back. So the
//! searches leave a list by its bounds as if nobody gave discounts, and look at the givers' arcs beside it:
//!
//! ```text
//! least      u64 a node  its least inbound base fee and least inbound rate
//! charging   bit a node  it charges something for what arrives over some channel
//! giving     bit a node  it gives a discount on what arrives over some channel
//! charged    bit an arc  its head charges something for what arrives over it, or gives a discount
//! given      bit an arc  its head gives a discount on what arrives over it
//! arcs       8 byte      by head: the tail of a giver's arc, and its position in the list
//! unlisted   bit a node  an arc of a giver leads here that is not among them
//! ```
//! Bits stay when a fee is withdrawn, until the next generation.
//! The arcs are those of when the generation was built. A node that gives its first discount later is not among them:
//! the lists that its arcs are in are then read to their ends.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use primitives::InboundFee;

use super::csr::Adjacency;

/// The givers of a generation.
#[derive(Debug)]
pub(crate) struct Discounts {
    least: Box<[AtomicU64]>,
    charging: Bits,
    giving: Bits,
    charged: Bits,
    given: Bits,
    unlisted: Bits,
    offsets: Box<[u32]>,
    arcs: Box<[GiverArc]>,
}

/// An arc that leaves a giver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GiverArc {
    /// The giver.
    pub(crate) tail: u32,
    /// Where the arc lies in the lists by head.
    pub(crate) position: u32,
}

/// A bit a node or an arc, set by the writer only and never taken back.
#[derive(Debug)]
struct Bits(Box<[AtomicU64]>);

impl Bits {
    fn new(count: usize) -> Self {
        Bits((0..count.div_ceil(64)).map(|_| AtomicU64::new(0)).collect())
    }

    #[inline(always)]
    fn get(&self, place: u32) -> bool {
        self.0.get(place as usize / 64).is_some_and(|word| word.load(Relaxed) >> (place % 64) & 1 != 0)
    }

    fn set(&self, place: u32) {
        if let Some(word) = self.0.get(place as usize / 64) {
            word.fetch_or(1 << (place % 64), Relaxed);
        }
    }
}

impl Discounts {
    /// Of nodes that charge nothing for what arrives.
    pub(super) fn new(node_count: usize, arc_count: usize) -> Self {
        let bits = || Bits::new(node_count);
        Discounts {
            least: (0..node_count).map(|_| AtomicU64::new(0)).collect(),
            charging: bits(),
            giving: bits(),
            charged: Bits::new(arc_count),
            given: Bits::new(arc_count),
            unlisted: bits(),
            offsets: Box::default(),
            arcs: Box::default(),
        }
    }

    /// The same where the givers' arcs are listed, before anybody reads. O(arcs).
    pub(super) fn listed(mut self, incoming: &Adjacency) -> Self {
        let mut arcs = Vec::new();
        let offsets = (0..=self.least.len() as u32).map(|head| {
            let before = arcs.len() as u32;
            let list = incoming.list(head);
            let ends = list.ends.iter().zip(list.start..).filter(|&(&tail, _)| self.gives(tail));
            arcs.extend(ends.map(|(&tail, position)| GiverArc { tail, position }));
            before
        });
        self.offsets = offsets.collect();
        self.arcs = arcs.into();
        self
    }

    /// Adds the inbound fee of a node for what arrives over `arc` to its others. Writer only.
    pub(super) fn add(&self, node: u32, arc: u32, fee: InboundFee) {
        let Some(least) = self.least.get(node as usize).filter(|_| !fee.is_zero()) else { return };
        self.charged.set(arc);
        if !is_discount(fee) {
            return self.charging.set(node);
        }
        let known = unpack_inbound(least.load(Relaxed));
        let base_msat = known.base_msat.min(fee.base_msat);
        let proportional_millionths = known.proportional_millionths.min(fee.proportional_millionths);
        least.store(pack_inbound(InboundFee { base_msat, proportional_millionths }), Relaxed);
        self.giving.set(node);
        self.given.set(arc);
    }

    /// Notes that an arc of a giver that is not listed leads to `head`. Writer only.
    pub(super) fn add_unlisted(&self, head: u32) {
        self.unlisted.set(head);
    }

    /// The least inbound base fee and the least inbound rate of a node, zero where none is negative.
    pub(crate) fn least(&self, node: u32) -> InboundFee {
        self.least.get(node as usize).map_or(InboundFee::ZERO, |packed| unpack_inbound(packed.load(Relaxed)))
    }

    /// Whether a node may give a discount.
    #[inline(always)]
    pub(crate) fn gives(&self, node: u32) -> bool {
        self.giving.get(node)
    }

    /// Whether an arc's head may have an inbound fee for what arrives over it.
    #[inline(always)]
    pub(crate) fn is_charged(&self, arc: u32) -> bool {
        self.charged.get(arc)
    }

    /// Whether an arc's head may give a discount on what arrives over it.
    #[inline(always)]
    pub(crate) fn is_given(&self, arc: u32) -> bool {
        self.given.get(arc)
    }

    /// Whether a node may charge for what arrives.
    #[inline(always)]
    pub(crate) fn charges(&self, node: u32) -> bool {
        self.charging.get(node)
    }

    /// The arcs of givers that lead to a node, in the order of its list; `None` where it must be read to its end.
    #[inline(always)]
    pub(crate) fn arcs_into(&self, head: u32) -> Option<&[GiverArc]> {
        if self.unlisted.get(head) {
            return None;
        }
        let head = head as usize;
        match (self.offsets.get(head), self.offsets.get(head + 1)) {
            (Some(&start), Some(&end)) => Some(&self.arcs[start as usize..end as usize]),
            _ => Some(&[]),
        }
    }

    /// Bytes held.
    pub(super) fn size_bytes(&self) -> usize {
        let bits = [&self.charging, &self.giving, &self.charged, &self.given, &self.unlisted]
            .map(|bits| size_of_val(&*bits.0));
        bits.iter().sum::<usize>()
            + size_of_val(&*self.least)
            + size_of_val(&*self.offsets)
            + size_of_val(&*self.arcs)
    }
}

/// Whether an inbound fee may take something back.
#[inline(always)]
pub(crate) fn is_discount(fee: InboundFee) -> bool {
    fee.base_msat < 0 || fee.proportional_millionths < 0
}

pub(super) fn pack_inbound(fee: InboundFee) -> u64 {
    u64::from(fee.base_msat as u32) | u64::from(fee.proportional_millionths as u32) << 32
}

pub(super) fn unpack_inbound(packed: u64) -> InboundFee {
    InboundFee { base_msat: packed as u32 as i32, proportional_millionths: (packed >> 32) as u32 as i32 }
}
