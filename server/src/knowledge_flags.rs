//! Flags that name files with what is known beside the graph: layers, and beliefs about liquidity.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use engine::belief::exchange::{
    BeliefsFileError, Learnt, read_beliefs, read_ldk_scores, read_mission_control,
};
use engine::belief::{Beliefs, Bimodal, HalfLives, HeldBeliefs, Prior};
use engine::layer::{LayerStack, read_layers};
use engine::query::RouteQuery;
use engine::snapshot::Snapshot;
use primitives::ShortChannelId;
use server::clock::unix_now;

use crate::exit::Failure;

/// What is known beside the graph.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is known beside the graph")]
pub(crate) struct KnowledgeFlags {
    /// Lay the layers of a file over the graph, as Core Lightning's askrene-listlayers prints them; may be repeated
    #[arg(long, value_name = "FILE")]
    layers: Vec<PathBuf>,
    /// Go by what is believed of the channels' liquidity: our own file (GET /api/v1/beliefs of a server), LND's mission control
    /// as JSON, or LDK's scores
    #[arg(long, value_name = "FILE")]
    beliefs: Option<PathBuf>,
    /// How likely the amounts are that the beliefs do not tell
    #[arg(long, value_enum, default_value_t = PriorName::Uniform, requires = "beliefs")]
    prior: PriorName,
}

/// The name of a prior.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PriorName {
    /// Any balance is equally likely
    Uniform,
    /// Most of a balance is on one side, within LND's scale of 300,000 sat
    Bimodal,
}

impl KnowledgeFlags {
    /// Adds what the files say to a query on `snapshot`.
    pub(crate) fn add_to(&self, query: &mut RouteQuery, snapshot: &Snapshot) -> Result<(), Failure> {
        let mut layers = Vec::new();
        for path in &self.layers {
            let found = read_layers(read(path)?.as_slice());
            let found = found.map_err(|error| wrong(path, &error, "print it with askrene-listlayers"))?;
            layers.extend(found.into_iter().map(Arc::new));
        }
        query.layers = (!layers.is_empty()).then(|| LayerStack::new(layers));
        query.beliefs = self.beliefs.as_deref().map(|path| self.held(path, snapshot)).transpose()?;
        Ok(())
    }

    fn held(&self, path: &Path, snapshot: &Snapshot) -> Result<HeldBeliefs, Failure> {
        let beliefs = Beliefs::new(snapshot, HalfLives::default());
        let bytes = read(path)?;
        let hint = "give a file of ours, what `lncli querymc` prints, or the scores that LDK writes";
        let now = unix_now();
        let take = |name: ShortChannelId, learnt: Learnt| {
            // What the graph does not have is of no use.
            beliefs.take(name, learnt.not_after(now));
        };
        if bytes.trim_ascii_start().starts_with(b"{") {
            read_mission_control(&bytes, snapshot, take).map_err(|error| wrong(path, &error, hint))?;
        } else {
            match read_beliefs(&bytes, &take) {
                // LDK's scores begin with nothing of their own.
                Err(BeliefsFileError::Magic) => {
                    read_ldk_scores(&bytes, take).map_err(|error| wrong(path, &error, hint))?;
                }
                read => _ = read.map_err(|error| wrong(path, &error, hint))?,
            }
        }
        let prior = match self.prior {
            PriorName::Uniform => Prior::Uniform,
            PriorName::Bimodal => Prior::Bimodal(Bimodal::default()),
        };
        Ok(HeldBeliefs { prior, ..HeldBeliefs::new(Arc::new(beliefs), now) })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(Failure::file("read", path))
}

fn wrong(path: &Path, error: &impl ToString, hint: &'static str) -> Failure {
    Failure::Content { path: path.to_owned(), message: error.to_string(), hint }
}
