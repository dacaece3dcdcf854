//! Our own engine as a contender: the only module here that touches the search.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use engine::cost::CostModel;
use engine::graph::{GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::{Snapshot, SnapshotError, SnapshotMeta, load_snapshot, write_snapshot};
use primitives::Msat;

use crate::{Answer, BuildError, Contender, Mode, NoRoute, Query, StoreError, Stored};

/// Our engine: one snapshot.
#[derive(Debug)]
pub struct Ours {
    snapshot: Snapshot,
    tolerance: Msat,
}

impl Ours {
    /// Lays out the graph; answers may cost up to `tolerance` more than the best, which saves a part of the search.
    ///
    /// # Errors
    /// As [`Contender::build`].
    pub fn build_with(draft: &GraphBuilder, tolerance: Msat) -> Result<Self, BuildError> {
        let topology = Topology::build(draft.clone()).map_err(|_| BuildError::Unavailable)?;
        Ok(Ours { snapshot: Snapshot::from_topology(topology), tolerance })
    }
}

impl Contender for Ours {
    const NAME: &'static str = "ours";
    const MODES: &'static [Mode] = &Mode::ALL;
    type Request = RouteQuery;
    type Scratch = RouteWorkspace;

    fn build(draft: &GraphBuilder) -> Result<Self, BuildError> {
        Ours::build_with(draft, Msat::ZERO)
    }

    fn request(&self, query: &Query, mode: Mode) -> Result<RouteQuery, NoRoute> {
        let mut request = RouteQuery::new(query.payer, query.payee, query.amount);
        // LDK knows no inbound fees: both look at the same graph.
        request.ignore_inbound_fees = true;
        request.tolerance = self.tolerance;
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
    fn write(&self, path: &Path) -> Result<(), StoreError> {
        let mut file = BufWriter::with_capacity(BUFFER_SIZE, File::create(path)?);
        write_snapshot(self.snapshot.topology(), &SnapshotMeta::default(), &mut file)?;
        Ok(file.flush()?)
    }

    fn read(path: &Path) -> Result<Self, StoreError> {
        let topology = load_snapshot(path).map_err(|error| match error {
            SnapshotError::Unreadable { kind } => StoreError::Io(kind.into()),
            _ => StoreError::Malformed,
        })?;
        Ok(Ours { snapshot: Snapshot::from_topology(topology), tolerance: Msat::ZERO })
    }
}

/// Enough to make system calls rare.
const BUFFER_SIZE: usize = 1 << 18;
