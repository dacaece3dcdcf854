//! Routes and plans as bytes that other languages read where they lie: `schemas/answer.fbs`.
//!
//! Equal answers make equal bytes. Not here: reading them back, which the schema's generated code does for whoever
//! wants to.

use flatbuffers::{FlatBufferBuilder, ForwardsUOffset, Vector, WIPOffset};
use primitives::NodeId;
use schemas::answer as schema;

use crate::flow::{Plan, PlanPart};
use crate::route::{Hop, Proof, Route};
use crate::search::Method;

/// The version of the format that is written.
pub const ANSWER_VERSION: u16 = 1;

type Bytes<'b> = FlatBufferBuilder<'b>;

/// What a service tells beside the answer itself; zeros where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Served {
    /// Seconds since the newest policy of the graph was signed.
    pub graph_age_s: u32,
    /// Microseconds from the request's last byte to the answer.
    pub elapsed_us: u64,
}

/// Routes as an answer, in their order. O(hops).
pub fn encode_routes<'a>(routes: impl IntoIterator<Item = &'a Route>, served: Served) -> Vec<u8> {
    let mut bytes = Bytes::with_capacity(INITIAL_SIZE);
    let routes: Vec<_> = routes.into_iter().map(|route| encode_route(&mut bytes, route)).collect();
    let routes = bytes.create_vector(&routes);
    finish(bytes, Answered { routes: Some(routes), ..Answered::default() }, served)
}

/// A plan as an answer, and others in their order where they were asked for. O(hops).
pub fn encode_plans(plan: &Plan, frontier: Option<&[Plan]>, served: Served) -> Vec<u8> {
    let mut bytes = Bytes::with_capacity(INITIAL_SIZE);
    let plan = write_plan(&mut bytes, plan);
    let frontier = frontier.map(|plans| {
        let plans: Vec<_> = plans.iter().map(|plan| write_plan(&mut bytes, plan)).collect();
        bytes.create_vector(&plans)
    });
    finish(bytes, Answered { routes: None, plan: Some(plan), frontier }, served)
}

fn write_plan<'b>(bytes: &mut Bytes<'b>, plan: &Plan) -> WIPOffset<schema::Plan<'b>> {
    let parts: Vec<_> = plan.parts.iter().map(|part| encode_part(bytes, part)).collect();
    let parts = bytes.create_vector(&parts);
    let args = schema::PlanArgs {
        payer: Some(&node_id(&plan.payer)),
        amount_msat: plan.amount.to_msat(),
        fee_msat: plan.fee.to_msat(),
        cost_msat: plan.cost,
        least_cost_msat: plan.least_cost,
        probability: plan.probability,
        cltv: plan.cltv,
        version: plan.version,
        parts: Some(parts),
        settled: plan.counts.settled,
    };
    schema::Plan::create(bytes, &args)
}

fn encode_route<'b>(bytes: &mut Bytes<'b>, route: &Route) -> WIPOffset<schema::Route<'b>> {
    let hops = encode_hops(bytes, &route.hops);
    let (proof, gap_msat) = match route.proof {
        Proof::Optimal => (schema::Proof::Optimal, 0),
        Proof::Bounded { gap } => (schema::Proof::Bounded, gap.to_msat()),
    };
    let method = match route.method {
        Method::Bidirectional => schema::Method::Bidirectional,
        Method::Corridor => schema::Method::Corridor,
        Method::Labels => schema::Method::Labels,
        Method::Tolls => schema::Method::Tolls,
    };
    let args = schema::RouteArgs {
        payer: Some(&node_id(&route.payer)),
        amount_msat: route.amount.to_msat(),
        fee_msat: route.fee.to_msat(),
        cost_msat: route.cost,
        gap_msat,
        probability: route.probability,
        cltv: route.cltv,
        proof,
        method,
        version: route.version,
        settled: route.counts.settled,
        hops: Some(hops),
        relaxed: route.counts.relaxed,
    };
    schema::Route::create(bytes, &args)
}

fn encode_part<'b>(bytes: &mut Bytes<'b>, part: &PlanPart) -> WIPOffset<schema::Part<'b>> {
    let hops = encode_hops(bytes, &part.hops);
    let args = schema::PartArgs {
        amount_msat: part.amount.to_msat(),
        fee_msat: part.fee.to_msat(),
        probability: part.probability,
        cltv: part.cltv,
        hops: Some(hops),
    };
    schema::Part::create(bytes, &args)
}

fn encode_hops<'b>(bytes: &mut Bytes<'b>, hops: &[Hop]) -> WIPOffset<Vector<'b, schema::Hop>> {
    let hops = hops.iter().map(|hop| {
        let direction = u8::try_from(hop.direction.as_usize()).expect("a direction is 0 or 1");
        schema::Hop::new(
            hop.short_channel_id.to_u64(),
            hop.amount.to_msat(),
            hop.fee.to_msat(),
            hop.cltv,
            direction,
            &node_id(&hop.node_id),
        )
    });
    bytes.create_vector_from_iter(hops)
}

fn node_id(node_id: &NodeId) -> schema::NodeId {
    schema::NodeId::new(node_id.as_bytes())
}

type Tables<'b, T> = WIPOffset<Vector<'b, ForwardsUOffset<T>>>;

#[derive(Default)]
struct Answered<'b> {
    routes: Option<Tables<'b, schema::Route<'b>>>,
    plan: Option<WIPOffset<schema::Plan<'b>>>,
    frontier: Option<Tables<'b, schema::Plan<'b>>>,
}

fn finish<'b>(mut bytes: Bytes<'b>, answered: Answered<'b>, served: Served) -> Vec<u8> {
    let Answered { routes, plan, frontier } = answered;
    let Served { graph_age_s, elapsed_us } = served;
    let args =
        schema::AnswerArgs { version: ANSWER_VERSION, routes, plan, frontier, graph_age_s, elapsed_us };
    let answer = schema::Answer::create(&mut bytes, &args);
    schema::finish_answer_buffer(&mut bytes, answer);
    bytes.finished_data().to_vec()
}

/// A route of ten hops.
const INITIAL_SIZE: usize = 1024;

#[cfg(test)]
mod tests {
    use primitives::Msat;

    use super::*;
    use crate::flow::{PlanQuery, PlanWorkspace, plan};
    use crate::graph::Topology;
    use crate::query::RouteQuery;
    use crate::router::{RouteWorkspace, route};
    use crate::snapshot::Snapshot;
    use crate::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};

    fn assert_hops(hops: &[Hop], read: Vector<'_, schema::Hop>) {
        assert_eq!(hops.len(), read.len());
        for (hop, read) in hops.iter().zip(read) {
            assert_eq!(read.short_channel_id(), hop.short_channel_id.to_u64());
            assert_eq!(read.amount_msat(), hop.amount.to_msat());
            assert_eq!(read.fee_msat(), hop.fee.to_msat());
            assert_eq!(read.cltv(), hop.cltv);
            assert_eq!(usize::from(read.direction()), hop.direction.as_usize());
            assert_eq!(read.node_id().bytes().into_iter().collect::<Vec<_>>(), hop.node_id.as_bytes());
        }
    }

    #[test]
    fn answers_are_read_back_as_they_were() {
        let network = generate(&SyntheticConfig::new(3, 3000), &mut |_| {}).unwrap();
        let payments = random_queries(network.nodes(), 40, 5, AmountRange::default());
        let snapshot = Snapshot::from_topology(Topology::build(network).unwrap());
        let (mut space, mut plan_space) = (RouteWorkspace::default(), PlanWorkspace::default());
        let mut routes = Vec::new();
        for (payer, payee, amount) in payments {
            let mut query = RouteQuery::new(payer, payee, amount);
            query.tolerance = Msat::from_msat(500);
            routes.extend(route(&snapshot, &query, &mut space));
            if let Ok(plan) = plan(&snapshot, &PlanQuery::new(query), &mut plan_space) {
                let bytes = encode_plans(&plan, None, Served::default());
                let read = schema::root_as_answer(&bytes).unwrap().plan().unwrap();
                assert_eq!(
                    (read.fee_msat(), read.least_cost_msat(), read.probability()),
                    (plan.fee.to_msat(), plan.least_cost, plan.probability)
                );
                for (part, read) in plan.parts.iter().zip(read.parts()) {
                    assert_eq!(read.amount_msat(), part.amount.to_msat());
                    assert_hops(&part.hops, read.hops());
                }
            }
        }
        assert!(routes.len() > 10);
        let bytes = encode_routes(&routes, Served::default());
        assert_eq!(bytes, encode_routes(&routes, Served::default()));
        assert!(schema::answer_buffer_has_identifier(&bytes));
        let read = schema::root_as_answer(&bytes).unwrap();
        assert_eq!(read.version(), ANSWER_VERSION);
        assert_eq!(read.routes().unwrap().len(), routes.len());
        for (route, read) in routes.iter().zip(read.routes().unwrap()) {
            let gap = if let Proof::Bounded { gap } = route.proof { gap.to_msat() } else { 0 };
            assert_eq!(
                (read.fee_msat(), read.gap_msat(), read.cltv()),
                (route.fee.to_msat(), gap, route.cltv)
            );
            assert_eq!(read.payer().bytes().into_iter().collect::<Vec<_>>(), route.payer.as_bytes());
            assert_hops(&route.hops, read.hops());
        }
    }
}
