//! The graph that is used where none is named: synthetic, of mainnet's size and shape, kept in the user's cache.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use engine::graph::Topology;
use engine::import::ImportNotes;
use engine::snapshot::Snapshot;
use engine::synthetic::{SyntheticConfig, generate};

use crate::exit::Failure;
use crate::graph_file::{self, LoadedGraph, SaveFormat, Source};

/// Opens the cached graph, or makes it and keeps it. A cache that can be neither read nor written is no failure.
pub(crate) fn load() -> Result<LoadedGraph, Failure> {
    let (topology, source) = load_topology()?;
    Ok(LoadedGraph { snapshot: Snapshot::from_topology(topology), source })
}

/// The same, for whoever goes on to change it.
pub(crate) fn load_topology() -> Result<(Topology, Source), Failure> {
    let started = Instant::now();
    let cached = cache_file();
    if let Some((topology, mut source)) =
        cached.as_ref().and_then(|path| graph_file::load_topology(path).ok())
    {
        source.name = format!("{NAME}, cached in {}", source.name);
        return Ok((topology, source));
    }
    let topology = graph_file::lay_out(generate(&SyntheticConfig::mainnet_like(SEED), &mut |_| ())?)?;
    let load_time = started.elapsed();
    let kept = cached.filter(|path| {
        let folder = path.parent().is_some_and(|folder| fs::create_dir_all(folder).is_ok());
        folder && graph_file::save(&topology, SaveFormat::Snapshot, path).is_ok()
    });
    let name = match kept {
        Some(path) => format!("{NAME}, now cached in {}", path.display()),
        None => NAME.to_owned(),
    };
    let (compressed, byte_count, notes) = (false, 0, ImportNotes::None);
    let source = Source { name, format: None, compressed, byte_count, notes, load_time };
    Ok((topology, source))
}

/// `$FULGURITE_CACHE`, or `fulgurite` in `$XDG_CACHE_HOME` or `~/.cache`.
fn cache_file() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = folder("FULGURITE_CACHE")
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("fulgurite")))
        .or_else(|| folder("HOME").map(|home| home.join(".cache/fulgurite")))?;
    // A version that makes another graph looks for another file.
    Some(cache.join(format!("mainnet-like-{}-{SEED}.fgs", env!("CARGO_PKG_VERSION"))))
}

const NAME: &str = "synthetic graph of mainnet's size and shape";

/// Any number would do; this one gives a sample query with a route of several hops.
const SEED: u64 = 1;
