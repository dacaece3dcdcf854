//! From a query's names to a problem in the snapshot's numbers.

use primitives::{Direction, Features, NodeId, ShortChannelId};

use crate::cost::HopCost;
use crate::graph::{ArcIdx, NodeIdx};
use crate::overlay::{Overlay, OverlayChannel};
use crate::query::{ExtraArc, RouteQuery};
use crate::route_error::RouteError;
use crate::search::problem::{COST_MAX, Problem, Restrictions};
use crate::snapshot::Snapshot;

/// A query in numbers.
#[derive(Debug)]
pub(crate) struct Compiled {
    payer: u32,
    payee: u32,
    pub(crate) restrictions: Restrictions,
    extra: Overlay,
}

/// Looks up every name of a query.
///
/// # Errors
/// Where a name is unknown, or the query contradicts itself.
pub(crate) fn compile(snapshot: &Snapshot, query: &RouteQuery) -> Result<Compiled, RouteError> {
    if query.amount.to_msat() == 0 {
        return Err(RouteError::BadQuery { reason: "the amount is zero" });
    }
    if query.amount.to_msat() >= COST_MAX {
        return Err(RouteError::BadQuery { reason: "the amount is more than there will ever be" });
    }
    if query.headroom_millionths > 1_000_000 {
        return Err(RouteError::BadQuery { reason: "the headroom is more than the whole capacity" });
    }
    let extra = extra_overlay(snapshot, &query.extra_arcs)?;
    let names = Names { snapshot, extra: &extra };
    let restrictions = if query.is_plain() { Restrictions::default() } else { restrict(&names, query)? };
    Ok(Compiled { payer: names.node(&query.payer)?, payee: names.node(&query.payee)?, restrictions, extra })
}

fn restrict(names: &Names<'_>, query: &RouteQuery) -> Result<Restrictions, RouteError> {
    let mut restrictions =
        Restrictions { headroom_millionths: query.headroom_millionths, ..Restrictions::default() };
    // What is not in the graph is avoided anyhow.
    for node_id in query.avoid.nodes.iter().filter(|&node| *node != query.payer && *node != query.payee) {
        restrictions.avoided_nodes.extend(names.node(node_id).ok());
    }
    for &channel in &query.avoid.channels {
        restrictions.avoided_arcs.extend(names.arcs(channel).into_iter().flatten());
    }
    for avoided in &query.avoid.directions {
        let arcs = names.arcs(avoided.short_channel_id);
        restrictions.avoided_arcs.extend(arcs.map(|arcs| arcs[avoided.direction.as_usize()]));
    }
    restrictions.avoided_nodes.sort_unstable();
    restrictions.avoided_arcs.sort_unstable();
    if let Some(channels) = &query.first_channels {
        let payer = names.node(&query.payer)?;
        let mut first_arcs = Vec::with_capacity(channels.len());
        for channel in channels {
            let short_channel_id = channel.short_channel_id;
            let arcs = names.arcs(short_channel_id).ok_or(RouteError::UnknownChannel { short_channel_id })?;
            let arc = arcs.into_iter().find(|&arc| names.tail(arc) == payer);
            let arc = arc.ok_or(RouteError::BadQuery { reason: "a first channel is not the payer's" })?;
            first_arcs.push((arc, channel.balance.to_msat()));
        }
        first_arcs.sort_unstable();
        restrictions.first_arcs = Some(first_arcs);
    }
    restrictions.last_hop = query.last_hop.map(|node_id| names.node(&node_id)).transpose()?;
    Ok(restrictions)
}

impl RouteQuery {
    fn is_plain(&self) -> bool {
        self.first_channels.is_none()
            && self.last_hop.is_none()
            && self.headroom_millionths == 0
            && self.avoid.nodes.is_empty()
            && self.avoid.channels.is_empty()
            && self.avoid.directions.is_empty()
    }
}

impl Compiled {
    /// Whether the payer pays itself.
    pub(crate) fn is_circular(&self) -> bool {
        self.payer == self.payee
    }

    /// The node that an arc enters.
    pub(crate) fn head(&self, snapshot: &Snapshot, arc: u32) -> u32 {
        match self.extra.arc(arc) {
            Some(extra) => extra.head,
            None => snapshot.head(ArcIdx::from_u32(arc)).to_u32(),
        }
    }

    /// The problem for one cost model.
    pub(crate) fn problem<'a, C: HopCost>(
        &'a self,
        snapshot: &'a Snapshot,
        query: &RouteQuery,
        cost: C,
    ) -> Problem<'a, C> {
        let amount_max =
            query.amount.saturating_add(query.limits.fee_limit(query.amount)).to_msat().min(COST_MAX);
        Problem {
            topology: snapshot.topology(),
            layers: [snapshot.overlay(), &self.extra],
            payer: self.payer,
            payee: self.payee,
            start: None,
            amount: query.amount.to_msat(),
            amount_max,
            cost,
            restrictions: &self.restrictions,
            with_inbound_fees: !query.ignore_inbound_fees && snapshot.has_inbound_fees(),
            strict: false,
            refuses_lifts: !query.may_overpay,
            split: None,
            once: &[],
            tolerance: query.tolerance.to_msat().min(TOLERANCE_MAX),
            settled_max: query.work_max,
        }
    }
}

impl<C: HopCost> Problem<'_, C> {
    /// An arc's channel, direction and head by name.
    pub(crate) fn names(&self, snapshot: &Snapshot, arc: u32) -> (ShortChannelId, Direction, NodeId) {
        let direction = Direction::BOTH[arc as usize & 1];
        let short_channel_id = match self.layers[1].channel_of(arc) {
            Some(channel) => channel.short_channel_id,
            None => snapshot.short_channel_id(ArcIdx::from_u32(arc).channel()),
        };
        let head = self.head(arc);
        let node_id = match self.layers[1].node_id(head) {
            Some(node_id) => *node_id,
            None => snapshot.node_id(NodeIdx::from_u32(head)),
        };
        (short_channel_id, direction, node_id)
    }
}

/// Finds names in a snapshot and a query's own channels.
struct Names<'a> {
    snapshot: &'a Snapshot,
    extra: &'a Overlay,
}

impl Names<'_> {
    fn node(&self, node_id: &NodeId) -> Result<u32, RouteError> {
        if let Some(node) = self.snapshot.node(node_id) {
            return Ok(node.to_u32());
        }
        let place = self.extra.node_ids().iter().position(|known| known == node_id);
        let place = place.ok_or(RouteError::UnknownNode { node_id: *node_id })?;
        Ok((self.snapshot.node_count() + place) as u32)
    }

    fn arcs(&self, short_channel_id: ShortChannelId) -> Option<[u32; 2]> {
        let first = match self.snapshot.channel(short_channel_id) {
            Some(channel) => channel.to_u32() * 2,
            None => {
                let is_named = |channel: &OverlayChannel| channel.short_channel_id == short_channel_id;
                let place = self.extra.channels().iter().position(is_named)?;
                (self.snapshot.channel_count() + place) as u32 * 2
            }
        };
        Some([first, first + 1])
    }

    fn tail(&self, arc: u32) -> u32 {
        match self.extra.arc(arc) {
            Some(extra) => extra.tail,
            None => self.snapshot.tail(ArcIdx::from_u32(arc)).to_u32(),
        }
    }
}

/// Numbers a query's own arcs behind the snapshot's.
fn extra_overlay(snapshot: &Snapshot, arcs: &[ExtraArc]) -> Result<Overlay, RouteError> {
    let (first_node, first_arc) = (snapshot.node_count() as u32, snapshot.channel_count() as u32 * 2);
    if arcs.is_empty() {
        return Ok(Overlay::new(first_node, first_arc, Vec::new(), Vec::new()));
    }
    if arcs.len() > EXTRA_ARC_COUNT_MAX {
        return Err(RouteError::BadQuery { reason: "more than 10,000 extra arcs" });
    }
    let mut node_ids = Vec::new();
    let mut place = |node_id: NodeId| match snapshot.node(&node_id) {
        Some(node) => node.to_u32(),
        None => {
            let known = node_ids.iter().position(|&known| known == node_id).unwrap_or_else(|| {
                node_ids.push(node_id);
                node_ids.len() - 1
            });
            first_node + known as u32
        }
    };
    let mut channels = Vec::with_capacity(arcs.len());
    for arc in arcs {
        if arc.tail == arc.head {
            return Err(RouteError::BadQuery { reason: "an extra arc leads from a node to itself" });
        }
        let is_forward = arc.tail < arc.head;
        let (tail, head) = (place(arc.tail), place(arc.head));
        let policies = if is_forward { [Some(arc.policy), None] } else { [None, Some(arc.policy)] };
        channels.push(OverlayChannel {
            short_channel_id: arc.short_channel_id,
            nodes: if is_forward { [tail, head] } else { [head, tail] },
            capacity: arc.capacity,
            features: Features::default(),
            policies,
        });
    }
    Ok(Overlay::new(first_node, first_arc, node_ids, channels))
}

/// Bounds on costs start at [`COST_MAX`], of which a tolerance must leave enough for a route to be found at all.
const TOLERANCE_MAX: u64 = COST_MAX / 2;
/// Route hints are a handful; a wallet's private channels are some dozens.
const EXTRA_ARC_COUNT_MAX: usize = 10_000;
