//! From a query's names to a problem in the snapshot's numbers.

use std::sync::LazyLock;

use hashbrown::HashMap;
use primitives::{Direction, Features, NodeId, ShortChannelId, ShortChannelIdDir};

use crate::belief::Liquidity;
use crate::cost::{CostModel, FeeOnly, HopCost, Probable, Risky};
use crate::graph::{ArcIdx, NodeIdx, Record};
use crate::layer::{Adjustments, ArcChange};
use crate::overlay::{Overlay, OverlayArc, OverlayChannel};
use crate::query::{ExtraArc, FirstChannel, RouteQuery};
use crate::route_error::{QueryPart, RouteError};
use crate::search::passage::Believed;
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

/// A query's cost model for its amount, with what layers do to it.
pub(crate) enum CompiledCost {
    Fee(FeeOnly),
    Risk(Risky),
    Probability(Probable),
}

/// Looks up every name of a query.
///
/// # Errors
/// Where a name is unknown, or the query contradicts itself.
pub(crate) fn compile(snapshot: &Snapshot, query: &RouteQuery) -> Result<Compiled, RouteError> {
    if query.amount.to_msat() == 0 {
        return Err(bad(QueryPart::Amount, "the amount is zero"));
    }
    if query.amount.to_msat() >= COST_MAX {
        return Err(bad(QueryPart::Amount, "the amount is more than there will ever be"));
    }
    if query.headroom_millionths > 1_000_000 {
        return Err(bad(QueryPart::Headroom, "the headroom is more than the whole capacity"));
    }
    let adjustments = query.layers.as_ref().map(|layers| layers.adjustments(snapshot));
    let created = adjustments.as_ref().map(|adjustments| adjustments.overlay());
    let numbers = own_numbers(&query.extra_arcs);
    let extra = extra_overlay(snapshot, created, &query.extra_arcs, &numbers)?;
    let names = Names { snapshot, created, extra: &extra };
    let mut restrictions = if query.is_plain() { Restrictions::default() } else { restrict(&names, query)? };
    restrictions.guises = names.guises();
    // Where nothing is known, a query is better off without.
    let held = query.beliefs.as_ref().filter(|held| !held.is_idle());
    restrictions.believed =
        held.map(|held| Believed { held: held.clone(), is_numbered: held.beliefs.is_of(snapshot) });
    restrictions.tuning.has_known = restrictions.believed.is_some();
    restrictions.reserved = query.reservations.as_ref().and_then(|reservations| reservations.busy_table());
    if let Some(adjustments) = &adjustments {
        let numbers = numbers.iter().map(|number| extra.arc_at(0) + number);
        adjust(&mut restrictions, adjustments, query.extra_arcs.iter().zip(numbers));
    }
    let (payer, payee) = (names.node(&query.payer)?, names.node(&query.payee)?);
    restrictions.adjustments = adjustments.clone();
    let moved = open_first_arcs(&names, &mut restrictions);
    let extra = if moved.is_empty() { extra } else { extra.with_moved(moved) };
    Ok(Compiled { payer, payee, restrictions, extra })
}

/// Adds what layers change, also of the query's own arcs.
fn adjust<'a>(
    restrictions: &mut Restrictions,
    adjustments: &Adjustments,
    own: impl Iterator<Item = (&'a ExtraArc, u32)>,
) {
    let has_known = restrictions.tuning.has_known;
    restrictions.tuning = adjustments.tuning();
    restrictions.tuning.has_known |= has_known;
    for (own, number) in own {
        let name = ShortChannelIdDir { short_channel_id: own.short_channel_id, direction: direction_of(own) };
        if let Some(change) = adjustments.change_of_own(name, &own.tail, &own.head) {
            change.note(&mut restrictions.tuning);
            restrictions.own_changes.push((number, change));
        }
    }
    sort_changes(&mut restrictions.own_changes);
}

fn restrict(names: &Names<'_>, query: &RouteQuery) -> Result<Restrictions, RouteError> {
    let mut restrictions =
        Restrictions { headroom_millionths: query.headroom_millionths, ..Restrictions::default() };
    // What is not in the graph is avoided anyhow.
    for node_id in query.avoid.nodes.iter().filter(|&node| *node != query.payer && *node != query.payee) {
        restrictions.avoided_nodes.extend(names.node(node_id).ok());
    }
    let own = names.own_channels();
    for channel in distinct(&query.avoid.channels) {
        restrictions.avoided_arcs.extend(names.channels(channel, &own).flatten());
    }
    for avoided in distinct(&query.avoid.directions) {
        let channels = names.channels(avoided.short_channel_id, &own);
        restrictions.avoided_arcs.extend(channels.map(|arcs| arcs[avoided.direction.as_usize()]));
    }
    restrictions.avoided_nodes.sort_unstable();
    restrictions.avoided_nodes.dedup();
    restrictions.avoided_arcs.sort_unstable();
    restrictions.avoided_arcs.dedup();
    if let Some(channels) = &query.first_channels {
        restrictions.first_arcs = Some(first_arcs(names, &own, names.node(&query.payer)?, channels)?);
    }
    restrictions.last_hop = query.last_hop.map(|node_id| names.node(&node_id)).transpose()?;
    Ok(restrictions)
}

fn sort_changes(changes: &mut [(u32, ArcChange)]) {
    changes.sort_unstable_by_key(|&(arc, _)| arc);
}

/// Each of some names once: many arcs may bear one.
fn distinct<T: Ord + Copy>(names: &[T]) -> Vec<T> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    names
}

/// A payer's arcs by the names of its channels, in order, with their balances; looked up in its own list, which is near.
fn first_arcs(
    names: &Names<'_>,
    own: &[OwnChannel],
    payer: u32,
    channels: &[FirstChannel],
) -> Result<Vec<(u32, u64)>, RouteError> {
    let listed = names.payers_arcs(payer);
    let mut first_arcs = Vec::with_capacity(channels.len());
    for &FirstChannel { short_channel_id, balance } in channels {
        let arc = match listed.binary_search_by_key(&short_channel_id, |listed| listed.0) {
            Ok(place) => listed[place].1,
            Err(_) => named_first_arc(names, own, payer, short_channel_id)?,
        };
        first_arcs.push((arc, balance.to_msat(), short_channel_id));
    }
    first_arcs.sort_unstable();
    first_arcs.dedup();
    if let Some(twice) = first_arcs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(bad_channel(QueryPart::FirstChannels, twice[0].2, "has two balances"));
    }
    Ok(first_arcs.into_iter().map(|(arc, balance, _)| (arc, balance)).collect())
}

/// The arc by which the payer leaves over a channel of that name: of several one that the query tells of, where there is one.
fn named_first_arc(
    names: &Names<'_>,
    own: &[OwnChannel],
    payer: u32,
    short_channel_id: ShortChannelId,
) -> Result<u32, RouteError> {
    let mut arcs = names.channels(short_channel_id, own).flatten().peekable();
    if arcs.peek().is_none() {
        return Err(RouteError::UnknownChannel { short_channel_id });
    }
    let leaving = arcs.filter(|&arc| names.tail(arc) == payer);
    let first = leaving.min_by_key(|&arc| names.is_untold(arc));
    first.ok_or(bad_channel(QueryPart::FirstChannels, short_channel_id, "is not the payer's"))
}

/// Opens first arcs that are disabled or were never announced, see [`ArcChange::opening`]. Returns those that lie in lists,
/// to be found beside these.
fn open_first_arcs(names: &Names<'_>, restrictions: &mut Restrictions) -> Vec<OverlayArc> {
    let first = restrictions.first_arcs.as_deref().unwrap_or_default().iter();
    let opened = first.filter_map(|&(arc, _)| {
        Some((arc, ArcChange::opening(restrictions.change(arc), names.record(arc))?))
    });
    let mut opened: Vec<_> = opened.collect();
    opened.dedup_by_key(|opened| opened.0);
    let topology = names.snapshot.topology();
    let listed =
        opened.iter().map(|&(arc, _)| arc).filter(|&arc| arc as usize / 2 < topology.channel_count());
    let moved = listed.filter(|&arc| !restrictions.is_moved(arc));
    let moved = moved.map(|arc| OverlayArc::listed(topology, arc)).collect();
    let is_kept = |arc: u32| opened.binary_search_by_key(&arc, |opened| opened.0).is_err();
    restrictions.own_changes.retain(|&(arc, _)| is_kept(arc));
    restrictions.own_changes.extend(opened);
    sort_changes(&mut restrictions.own_changes);
    moved
}

fn bad(part: QueryPart, reason: &'static str) -> RouteError {
    RouteError::BadQuery { part, reason }
}

fn bad_channel(part: QueryPart, short_channel_id: ShortChannelId, reason: &'static str) -> RouteError {
    RouteError::BadChannel { part, short_channel_id, reason }
}

impl Compiled {
    /// Whether the payer pays itself.
    pub(crate) fn is_circular(&self) -> bool {
        self.payer == self.payee
    }

    /// The channels of layers.
    fn created(&self) -> &Overlay {
        self.restrictions.adjustments.as_ref().map_or(&NO_CHANNELS, |adjustments| adjustments.overlay())
    }

    /// The cost model for the query's amount.
    pub(crate) fn cost(&self, query: &RouteQuery) -> CompiledCost {
        self.cost_knowing(query, None)
    }

    /// The same where something is known of liquidity beside the query.
    pub(crate) fn cost_knowing(&self, query: &RouteQuery, known: Option<&dyn Liquidity>) -> CompiledCost {
        let mut tuning = self.restrictions.tuning;
        tuning.has_known |= known.is_some();
        match query.cost {
            CostModel::Fee if tuning.weights.is_none() => CompiledCost::Fee(FeeOnly),
            CostModel::Fee => CompiledCost::Risk(Risky::biased_fee(tuning)),
            CostModel::Risk(weights) => CompiledCost::Risk(Risky::new(weights, query.amount, tuning)),
            CostModel::Probability(weights) => {
                CompiledCost::Probability(Probable::new(weights, query.amount, tuning))
            }
        }
    }

    /// The node that an arc enters.
    pub(crate) fn head(&self, snapshot: &Snapshot, arc: u32) -> u32 {
        match self.extra.arc(arc).or_else(|| self.created().arc(arc)) {
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
        let layers = [snapshot.overlay(), self.created(), &self.extra];
        Problem {
            topology: snapshot.topology(),
            layers,
            payer: self.payer,
            payee: self.payee,
            start: None,
            amount: query.amount.to_msat(),
            least_ahead: query.amount.to_msat(),
            amount_max,
            cost,
            restrictions: &self.restrictions,
            liquidity: None,
            is_restricted: self.restrictions.concern_arcs(),
            with_inbound_fees: !query.ignore_inbound_fees
                && (snapshot.has_inbound_fees() || self.extra.has_inbound_fees()),
            ignores_inbound_fees: query.ignore_inbound_fees,
            has_layered_inbound: layers.iter().any(|layer| layer.has_inbound_fees()),
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
        let short_channel_id = match self.layers[1..].iter().find_map(|layer| layer.channel_of(arc)) {
            Some(channel) => channel.short_channel_id,
            None => snapshot.short_channel_id(ArcIdx::from_u32(arc).channel()),
        };
        let head = self.head(arc);
        let node_id = match self.layers[1..].iter().find_map(|layer| layer.node_id(head)) {
            Some(node_id) => *node_id,
            None => snapshot.node_id(NodeIdx::from_u32(head)),
        };
        (short_channel_id, direction, node_id)
    }
}

/// Finds names in a snapshot, its query's layers and the query's own channels.
struct Names<'a> {
    snapshot: &'a Snapshot,
    created: Option<&'a Overlay>,
    extra: &'a Overlay,
}

impl Names<'_> {
    fn node(&self, node_id: &NodeId) -> Result<u32, RouteError> {
        if let Some(node) = self.snapshot.node(node_id) {
            return Ok(node.to_u32());
        }
        if let Some(node) = self.created.and_then(|created| created.sorted_node(node_id)) {
            return Ok(node);
        }
        self.extra.sorted_node(node_id).ok_or(RouteError::UnknownNode { node_id: *node_id })
    }

    /// The arcs of all channels of that name: a route hint may bear the name of a channel in the graph, and several hints one
    /// name. O(log channels).
    fn channels(
        &self,
        short_channel_id: ShortChannelId,
        own: &[OwnChannel],
    ) -> impl Iterator<Item = [u32; 2]> {
        let known = self.snapshot.channel(short_channel_id).map(|channel| channel.to_u32() * 2);
        let created = self.created.and_then(|created| created.sorted_arc(short_channel_id));
        let own = &own[own.partition_point(|own| own.0 < short_channel_id)..];
        let own = own.iter().take_while(move |own| own.0 == short_channel_id).map(|own| own.1);
        known.into_iter().chain(created).chain(own).map(|first| [first, first + 1])
    }

    /// The query's own channels, sorted by name.
    fn own_channels(&self) -> Vec<OwnChannel> {
        let named = self.extra.channels().iter().enumerate();
        let named = named.map(|(place, channel)| (channel.short_channel_id, self.extra.arc_at(place)));
        let mut own: Vec<OwnChannel> = named.collect();
        own.sort_unstable();
        own
    }

    /// Which of the query's own channels are others under another guise, see [`Restrictions::guises`]. O(own channels * log
    /// channels).
    fn guises(&self) -> Vec<(u32, u32)> {
        let mut least = HashMap::new();
        let numbered = self.extra.channels().iter().enumerate().map(|(place, channel)| {
            let &OverlayChannel { short_channel_id, nodes, .. } = channel;
            let number = self.extra.arc_at(place) / 2;
            let known = least.entry((short_channel_id, nodes)).or_insert_with(|| {
                let mut named = self.channels(short_channel_id, &[]);
                let same = named.find(|arcs| arcs.map(|arc| self.tail(arc)) == nodes);
                same.map_or(number, |[first, _]| first / 2)
            });
            (number, *known)
        });
        numbered.filter(|(number, least)| number != least).collect()
    }

    /// The open channels of the generation that the payer has, by name, and the arcs that leave it.
    fn payers_arcs(&self, payer: u32) -> Vec<(ShortChannelId, u32)> {
        let topology = self.snapshot.topology();
        let open = topology.out_lists().arcs_of(payer).iter().filter_map(|&arc| {
            let channel = ArcIdx::from_u32(arc).channel();
            (!topology.is_closed(channel)).then(|| (topology.short_channel_id(channel), arc))
        });
        let mut own: Vec<_> = open.collect();
        own.sort_unstable();
        own
    }

    fn tail(&self, arc: u32) -> u32 {
        match self.extra.arc(arc).or_else(|| self.created?.arc(arc)) {
            Some(beside) => beside.tail,
            None => self.snapshot.tail(ArcIdx::from_u32(arc)).to_u32(),
        }
    }

    /// The policy of an arc, without what layers change.
    fn record(&self, arc: u32) -> Record {
        let beside = [Some(self.extra), self.created, Some(self.snapshot.overlay())];
        let beside = beside.into_iter().flatten().find_map(|overlay| overlay.arc(arc));
        beside.map_or_else(|| self.snapshot.topology().in_lists().record(arc), |beside| beside.record)
    }

    /// Whether an arc is the direction of a channel of the query's own that the query says nothing of.
    fn is_untold(&self, arc: u32) -> bool {
        let channel = self.extra.channel_of(arc);
        channel.is_some_and(|channel| channel.policies[arc as usize % 2].is_none())
    }
}

/// A channel of a query's own: its name, and the first of its arcs.
type OwnChannel = (ShortChannelId, u32);

/// The first node and arc of a query's own, behind those of the snapshot and of layers.
fn first_own(snapshot: &Snapshot, created: Option<&Overlay>) -> (u32, u32) {
    match created {
        Some(created) => (created.node_end(), created.arc_end()),
        None => (snapshot.node_count() as u32, snapshot.channel_count() as u32 * 2),
    }
}

/// The number that an arc has in a query's problem: one of the snapshot, of the query's layers, or its own. `None` where
/// none of them has it. O(log channels + extra arcs).
pub(crate) fn arc_named(
    snapshot: &Snapshot,
    query: &RouteQuery,
    channel: ShortChannelIdDir,
) -> Option<ArcIdx> {
    let ShortChannelIdDir { short_channel_id, direction } = channel;
    if let Some(known) = snapshot.channel(short_channel_id) {
        return Some(known.arc(direction));
    }
    let adjustments = query.layers.as_ref().map(|layers| layers.adjustments(snapshot));
    let created = adjustments.as_ref().map(|adjustments| adjustments.overlay());
    if let Some(first) = created.and_then(|created| created.sorted_arc(short_channel_id)) {
        return Some(ArcIdx::from_u32(first + direction as u32));
    }
    let is_named =
        |arc: &ExtraArc| arc.short_channel_id == short_channel_id && direction_of(arc) == direction;
    let place = query.extra_arcs.iter().position(is_named)?;
    let number = own_numbers(&query.extra_arcs)[place];
    Some(ArcIdx::from_u32(first_own(snapshot, created).1 + number))
}

fn direction_of(arc: &ExtraArc) -> Direction {
    if arc.tail < arc.head { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne }
}

/// The number of each of a query's own arcs, counted on from the first. Two of one name, one there and one back between the
/// same nodes, are the directions of one channel; of several that lead the same way each is a channel. O(extra arcs).
fn own_numbers(arcs: &[ExtraArc]) -> Vec<u32> {
    // Channels of which one direction is known yet, by their names and the ends of the other.
    let mut halves = HashMap::<_, Vec<u32>>::new();
    let mut channel_count = 0;
    let number = |arc: &ExtraArc| {
        let &ExtraArc { short_channel_id, tail, head, .. } = arc;
        let half = halves.get_mut(&(short_channel_id, tail, head)).and_then(Vec::pop);
        let channel = half.unwrap_or_else(|| {
            halves.entry((short_channel_id, head, tail)).or_default().push(channel_count);
            channel_count += 1;
            channel_count - 1
        });
        2 * channel + direction_of(arc) as u32
    };
    arcs.iter().map(number).collect()
}

/// Numbers a query's own arcs behind those of the snapshot and of layers; `numbers` are those of [`own_numbers`].
fn extra_overlay(
    snapshot: &Snapshot,
    created: Option<&Overlay>,
    arcs: &[ExtraArc],
    numbers: &[u32],
) -> Result<Overlay, RouteError> {
    let (first_node, first_arc) = first_own(snapshot, created);
    if arcs.is_empty() {
        return Ok(Overlay::new(first_node, first_arc, Vec::new(), Vec::new()));
    }
    if arcs.len() > EXTRA_ARC_COUNT_MAX {
        return Err(bad(QueryPart::ExtraArcs, "more than 10,000 extra arcs"));
    }
    let known = |node_id: &NodeId| match snapshot.node(node_id) {
        Some(node) => Some(node.to_u32()),
        None => created?.sorted_node(node_id),
    };
    let ends = arcs.iter().flat_map(|arc| [arc.tail, arc.head]);
    let unknown = ends.filter(|node_id| known(node_id).is_none()).collect::<Vec<_>>();
    let node_ids = distinct(&unknown);
    let place = |node_id: &NodeId| {
        let own = || first_node + node_ids.binary_search(node_id).expect("it was noted above") as u32;
        known(node_id).unwrap_or_else(own)
    };
    let mut channels = Vec::with_capacity(arcs.len());
    for (arc, &number) in arcs.iter().zip(numbers) {
        if arc.tail == arc.head {
            let reason = "leads from a node to itself";
            return Err(bad_channel(QueryPart::ExtraArcs, arc.short_channel_id, reason));
        }
        let (channel, direction) = (number as usize / 2, number as usize % 2);
        if channel == channels.len() {
            let mut nodes = [place(&arc.tail), place(&arc.head)];
            nodes.rotate_left(direction);
            channels.push(OverlayChannel {
                short_channel_id: arc.short_channel_id,
                nodes,
                capacities: [None; 2],
                features: Features::default(),
                policies: [None; 2],
            });
        }
        channels[channel].capacities[direction] = arc.capacity;
        channels[channel].policies[direction] = Some(arc.policy);
    }
    Ok(Overlay::new(first_node, first_arc, node_ids, channels))
}

/// Stands in for the channels of layers where there are none.
static NO_CHANNELS: LazyLock<Overlay> = LazyLock::new(Overlay::default);
/// Bounds on costs start at [`COST_MAX`], of which a tolerance must leave enough for a route to be found at all.
const TOLERANCE_MAX: u64 = COST_MAX / 2;
/// Route hints are a handful; a wallet's private channels are some dozens.
const EXTRA_ARC_COUNT_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use primitives::{ChannelPolicy, CltvExpiryDelta, Fee, InboundFee, Msat};

    use super::*;
    use crate::graph::{GraphBuilder, Topology};

    fn node(number: u8) -> NodeId {
        let mut bytes = [number; 33];
        bytes[0] = 2;
        NodeId::from_bytes(bytes).expect("prefix 2")
    }

    /// A name, and the numbers of both ends.
    type NamedEnds = (u64, u8, u8);

    fn arc((name, tail, head): NamedEnds) -> ExtraArc {
        let policy = ChannelPolicy {
            fee: Fee::default(),
            inbound_fee: InboundFee::ZERO,
            cltv_expiry_delta: CltvExpiryDelta::default(),
            htlc_minimum_msat: Msat::ZERO,
            htlc_maximum_msat: Msat::MAX,
            disabled: false,
            last_update: Default::default(),
        };
        let short_channel_id = ShortChannelId::from_u64(name);
        ExtraArc { short_channel_id, tail: node(tail), head: node(head), policy, capacity: None }
    }

    #[test]
    fn a_name_that_is_avoided_often_is_avoided_once() {
        // 200 hints of one name, and a node that only they know.
        let extra_arcs = [[arc((7, 1, 2)); 100], [arc((7, 2, 3)); 100]].concat();
        let mut query = RouteQuery { extra_arcs, ..RouteQuery::new(node(1), node(2), Msat::from_msat(1)) };
        let short_channel_id = ShortChannelId::from_u64(7);
        let directions = Direction::BOTH.map(|direction| ShortChannelIdDir { short_channel_id, direction });
        query.avoid.nodes = vec![node(3); 300];
        query.avoid.channels = vec![short_channel_id; 300];
        query.avoid.directions = directions.repeat(300);
        let topology = Topology::build(GraphBuilder::new()).expect("an empty graph");
        let compiled = compile(&Snapshot::from_topology(topology), &query).expect("known names");
        assert_eq!(compiled.restrictions.avoided_arcs.len(), 2 * 200);
        assert_eq!(compiled.restrictions.avoided_nodes.len(), 1);
    }

    #[test]
    fn there_and_back_by_one_name_is_one_channel() {
        let cases: [(&[NamedEnds], &[u32]); 6] = [
            (&[], &[]),
            (&[(7, 1, 2), (7, 2, 1)], &[0, 1]),
            (&[(7, 2, 1), (8, 1, 2), (7, 1, 2)], &[1, 2, 0]),
            // Another name, other nodes, the same way.
            (&[(7, 1, 2), (8, 2, 1)], &[0, 3]),
            (&[(7, 1, 2), (7, 3, 1)], &[0, 3]),
            (&[(7, 1, 2), (7, 1, 2), (7, 2, 1), (7, 2, 1), (7, 2, 1)], &[0, 2, 3, 1, 5]),
        ];
        for (arcs, numbers) in cases {
            let arcs: Vec<_> = arcs.iter().copied().map(arc).collect();
            assert_eq!(own_numbers(&arcs), numbers, "{arcs:?}");
        }
    }
}
