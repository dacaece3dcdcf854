//! Why there is no route, in words that a user can act on.

use std::fmt;

use primitives::Msat;

/// What closes the way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoRoute {
    /// No channel of the payer can send the amount.
    PayerCannotSend {
        /// The largest HTLC that one of its channels takes.
        largest: Msat,
    },
    /// No channel of the payee can receive the amount.
    PayeeCannotReceive {
        /// The largest HTLC that one of its channels takes.
        largest: Msat,
    },
    /// Every route is over the fee limit.
    FeeLimit {
        /// The limit.
        limit: Msat,
        /// The fee of a route that keeps to all else that is asked of it.
        needed: Msat,
        /// Whether no such route costs less; else the work ran out before that was known.
        is_least: bool,
    },
    /// Routes exist, but each breaks another one of the limits: that on hops, say.
    Limit {
        /// What is limited.
        resource: Resource,
        /// How much of it a route may take.
        limit: u32,
        /// How much a route takes that keeps to all else that is asked of it.
        needed: u32,
        /// Whether no such route takes less; else the work ran out before that was known.
        is_least: bool,
        /// The fee limit that such a route keeps to, where there is one.
        fee_limit: Option<Msat>,
        /// The fee of a route over that, but within this limit, where one was found. Another one may cost less.
        fee_needed: Option<Msat>,
    },
    /// Not even a route of one hop would be within a limit.
    TooStrict {
        /// What is limited.
        resource: Resource,
        /// How much of it a route may take.
        limit: u32,
        /// What every route takes at least: a hop, the final delta, the payee's payload.
        least: u32,
    },
    /// Routes exist, but each breaks several limits, or the work ran out before one was found that breaks a single one. Told
    /// by the cheapest that was found, of those whose amounts need not be raised.
    RouteLimits {
        /// Its blocks.
        cltv: u32,
        /// Its hops.
        hop_count: u32,
        /// Its bytes of onion payload.
        payload_size: u32,
        /// Its fee, where that is over the limit.
        fee: Option<Msat>,
    },
    /// Routes exist, but each would send less than some hop's `htlc_minimum_msat`.
    HtlcMinimum {
        /// The amount that the cheapest one must be raised to.
        minimum: Msat,
    },
    /// Routes exist, but the payer cannot send what they charge beside the amount.
    BalanceShort {
        /// What the payer can send over the first channel of the cheapest one.
        balance: Msat,
        /// What it must send over it, fees included.
        needed: Msat,
    },
    /// Routes exist, but a wish of the query closes each of them.
    Closed {
        /// Which.
        wish: Wish,
    },
    /// Both ends can carry the amount, but nothing in between that leads from one to the other can. What a single
    /// path could carry is told by [`widest`](crate::router::widest).
    NotConnected,
}

/// What a route uses up beside money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// Channels.
    Hops,
    /// Blocks that the payer's HTLC may be locked.
    Blocks,
    /// Bytes of onion payload.
    PayloadBytes,
}

/// What a query asks for beside its ends, its amount and its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wish {
    /// To leave out nodes and channels.
    Avoid,
    /// To leave a share of each channel unused.
    Headroom,
    /// A certain node before the payee.
    LastHop,
    /// Several of these, of which none closes the way alone.
    Several,
}

impl fmt::Display for NoRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoRoute::PayerCannotSend { largest } => {
                write!(f, "the payer has no usable channel of that size, its largest takes {largest}")
            }
            NoRoute::PayeeCannotReceive { largest } => {
                write!(f, "the payee has no usable inbound channel of that size, its largest takes {largest}")
            }
            NoRoute::FeeLimit { limit, needed, is_least } => {
                let (short, most) = (needed.saturating_sub(*limit), most(*is_least));
                write!(
                    f,
                    "the fee limit of {limit} is short by {most}{short}: a route would cost {most}{needed}"
                )
            }
            NoRoute::Limit { resource, limit, needed, is_least, fee_limit, fee_needed } => {
                let (short, most) = (needed.saturating_sub(*limit), most(*is_least));
                write!(f, "the limit of {limit} {resource} is short by {most}{short}")?;
                if let Some(fee_limit) = fee_limit {
                    write!(f, " where fees are limited to {fee_limit}")?;
                }
                write!(f, ": a route would take {most}{needed}")?;
                fee_needed.map_or(Ok(()), |fee| write!(f, ", or cost at most {fee}"))
            }
            NoRoute::TooStrict { resource, limit, least } => write!(
                f,
                "no route is within the limit of {limit} {resource}: {} {least}",
                match resource {
                    Resource::Hops => "each takes at least",
                    Resource::Blocks => "the final delta alone is",
                    Resource::PayloadBytes => "the payee's alone are",
                }
            ),
            NoRoute::RouteLimits { cltv, hop_count, payload_size, fee } => {
                write!(f, "none within the limits: the cheapest one found ")?;
                if let Some(fee) = fee {
                    write!(f, "costs {fee} and ")?;
                }
                write!(f, "takes {cltv} blocks, {hop_count} hops and {payload_size} bytes of onion payload")
            }
            NoRoute::HtlcMinimum { minimum } => write!(
                f,
                "every way has a channel with a larger htlc_minimum_msat; raise the amount to {minimum} or allow overpaying"
            ),
            NoRoute::BalanceShort { balance, needed } => {
                let short = needed.saturating_sub(*balance);
                write!(
                    f,
                    "the payer's balance of {balance} is short by {short}: with fees and minima, the cheapest way takes \
                     {needed}; lower the amount or send over a channel that holds more"
                )
            }
            NoRoute::Closed { wish } => wish.fmt(f),
            NoRoute::NotConnected => {
                write!(f, "no single path from the payer to the payee carries the amount")
            }
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resource::Hops => "hops",
            Resource::Blocks => "blocks",
            Resource::PayloadBytes => "bytes of onion payload",
        })
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wish::Avoid => "every way leads over a node or a channel that is to be avoided; avoid less",
            Wish::Headroom => "every way needs what the headroom keeps unused; lower the headroom",
            Wish::LastHop => "no way ends over the last hop that is asked for; ask for another one or for none",
            Wish::Several => {
                "what is to be avoided, the headroom and the last hop close every way together; ask for less of them"
            }
        })
    }
}

/// What stands before a number that may be smaller.
fn most(is_least: bool) -> &'static str {
    if is_least { "" } else { "at most " }
}
