//! Our own engine as a contender: the only module here that touches the search.

use std::path::Path;

use engine::cost::CostModel;
use engine::graph::{GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;

use crate::{Answer, BuildError, Contender, Mode, NoRoute, Query, StoreError, Stored};

/// Our engine: one snapshot.
#[derive(Debug)]
pub struct Ours {
    snapshot: Snapshot,
}

impl Contender for Ours {
    const NAME: &'static str = "ours";
    const MODES: &'static [Mode] = &Mode::ALL;
    type Request = RouteQuery;
    type Scratch = RouteWorkspace;

    fn build(draft: &GraphBuilder) -> Result<Self, BuildError> {
        let topology = Topology::build(draft.clone()).map_err(|_| BuildError::Unavailable)?;
        Ok(Ours { snapshot: Snapshot::from_topology(topology) })
    }

    fn request(&self, query: &Query, mode: Mode) -> Result<RouteQuery, NoRoute> {
        let mut request = RouteQuery::new(query.payer, query.payee, query.amount);
        // LDK knows no inbound fees: both look at the same graph.
        request.ignore_inbound_fees = true;
        if mode == Mode::MinFee {
            request.cost = CostModel::Fee;
        }
        Ok(request)
    }

    fn scratch(&self) -> RouteWorkspace {
        RouteWorkspace::default()
    }

    fn route(&self, scratch: &mut RouteWorkspace, request: &RouteQuery) -> Result<Answer, NoRoute> {
        match route(&self.snapshot, request, scratch) {
            Ok(route) => Ok(Answer {
                fee_msat: route.fee.to_msat(),
                hops: route.hops.len() as u32,
                cltv: route.cltv - request.limits.final_cltv_delta,
                parts: 1,
            }),
            Err(RouteError::NoRoute(_)) => Err(NoRoute("no route")),
            Err(_) => Err(NoRoute("no answer")),
        }
    }
}

impl Stored for Ours {
    fn write(&self, _path: &Path) -> Result<(), StoreError> {
        Err(StoreError::Malformed)
    }

    fn read(_path: &Path) -> Result<Self, StoreError> {
        Err(StoreError::Malformed)
    }
}
