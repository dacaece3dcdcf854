//! What a child process does: one phase of one contender, reported as JSON on standard output.

use std::path::Path;
use std::time::Instant;

use benches::ldk::{Ldk, OneSided};
use benches::measure::{Outcome, measure};
use benches::memory::resident_bytes;
use benches::ours::Ours;
use benches::pet::Pet;
use benches::{BuildError, Contender, Query, Stored, fixture, input};
use engine::graph::GraphBuilder;
use primitives::Msat;
use serde::{Deserialize, Serialize};

use crate::{Args, Engine, Error, Phase};

/// What the queries showed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AnswersReport {
    pub(crate) node_count: usize,
    pub(crate) channel_count: usize,
    /// Wall time from the shared draft to the contender's own graph.
    pub(crate) build_ns: u64,
    /// Size of the contender's own file, where it has one.
    pub(crate) file_bytes: Option<u64>,
    pub(crate) outcomes: Vec<Outcome>,
}

/// What loading showed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoadReport {
    /// Wall time of reading the contender's own file, where it has one.
    pub(crate) load_ns: Option<u64>,
    /// What the graph added to resident memory.
    pub(crate) resident_bytes: Option<u64>,
}

pub(crate) fn run(args: &Args, engine: Engine, phase: Phase) -> Result<(), Error> {
    let own_file = args.own_file.as_deref().ok_or(Error::Incomplete)?;
    let one_sided = if args.complete_one_sided { OneSided::Complete } else { OneSided::Keep };
    match (engine, phase) {
        (Engine::Ours, Phase::Answers) => {
            let build = |draft: &GraphBuilder| Ours::build_with(draft, Msat::from_msat(args.tolerance_msat));
            report(answers(args, build, |ours| ours.write(own_file))?)
        }
        (Engine::Ours, Phase::Load) => report(Some(load::<Ours>(own_file)?)),
        (Engine::Ldk, Phase::Answers) => {
            let build = |draft: &GraphBuilder| Ldk::build_with(draft, one_sided);
            report(answers(args, build, |ldk| ldk.write(own_file))?)
        }
        (Engine::Ldk, Phase::Load) => report(Some(load::<Ldk>(own_file)?)),
        (Engine::Petgraph, Phase::Answers) => report(answers(args, Pet::build, |_| Ok(()))?),
        (Engine::Petgraph, Phase::Load) => report(Some(build_for_memory::<Pet>(args)?)),
    }
}

/// Builds, stores and questions one contender; `None` where it is not available.
fn answers<C: Contender>(
    args: &Args,
    build: impl FnOnce(&GraphBuilder) -> Result<C, BuildError>,
    store: impl FnOnce(&C) -> Result<(), benches::StoreError>,
) -> Result<Option<AnswersReport>, Error> {
    let draft = draft(args)?;
    let queries = queries(args, &draft)?;
    let (node_count, channel_count) = (draft.nodes().len(), draft.channels().len());
    let start = Instant::now();
    let contender = match build(&draft) {
        Ok(contender) => contender,
        Err(BuildError::Unavailable) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let build_ns = nanos_since(start);
    drop(draft);
    store(&contender)?;
    let file_bytes = args.own_file.as_ref().and_then(|path| path.metadata().ok()).map(|file| file.len());
    let modes = args.modes().into_iter().filter(|mode| C::MODES.contains(mode));
    let outcomes = modes.map(|mode| measure(&contender, mode, &queries, &args.effort())).collect();
    Ok(Some(AnswersReport { node_count, channel_count, build_ns, file_bytes, outcomes }))
}

/// Reads a contender's own file into a process that holds nothing else, then removes the file.
fn load<C: Stored>(own_file: &Path) -> Result<LoadReport, Error> {
    let before = resident_bytes();
    let start = Instant::now();
    let contender = C::read(own_file)?;
    let load_ns = Some(nanos_since(start));
    let resident_bytes = difference(before, resident_bytes());
    drop(contender);
    std::fs::remove_file(own_file)?;
    Ok(LoadReport { load_ns, resident_bytes })
}

/// For contenders without a file: what building adds while the draft stays where it is.
fn build_for_memory<C: Contender>(args: &Args) -> Result<LoadReport, Error> {
    let draft = draft(args)?;
    let before = resident_bytes();
    let contender = C::build(&draft)?;
    let resident_bytes = difference(before, resident_bytes());
    drop(contender);
    Ok(LoadReport { load_ns: None, resident_bytes })
}

fn draft(args: &Args) -> Result<GraphBuilder, Error> {
    match &args.graph {
        Some(origin) => Ok(input::graph(origin)?),
        None if args.smoke => Ok(fixture::graph(SMOKE_NODES, SMOKE_SEED)?),
        None => Err(Error::Incomplete),
    }
}

fn queries(args: &Args, draft: &GraphBuilder) -> Result<Vec<Query>, Error> {
    match &args.queries {
        Some(origin) => Ok(input::queries(origin, draft, args.limit)?),
        None if args.smoke => Ok(fixture::queries(draft, SMOKE_QUERIES.min(args.limit), SMOKE_SEED)),
        None => Err(Error::Incomplete),
    }
}

fn report<R: Serialize>(report: R) -> Result<(), Error> {
    Ok(serde_json::to_writer(std::io::stdout().lock(), &report)?)
}

fn difference(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    Some(after?.saturating_sub(before?))
}

fn nanos_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Size of the made-up graph of a smoke run.
const SMOKE_NODES: u32 = 1000;
/// Payments of a smoke run.
const SMOKE_QUERIES: usize = 50;
/// Of the smoke run's graph and payments.
const SMOKE_SEED: u64 = 1;
