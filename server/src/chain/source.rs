//! Who is asked about the chain, what of that is believed, and what is remembered of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gossip::funding::HeaderChain;

use super::rpc::RpcConfig;

/// Who is asked about the chain, and what of the answers is believed.
#[derive(Debug, Clone)]
pub enum ChainConfig {
    /// A node of one's own: all that it says.
    Believed(RpcConfig),
    /// Anybody's node: what it proves. It can hide outputs, and invent none.
    Proven {
        /// Where it answers.
        rpc: RpcConfig,
        /// Headers to begin with.
        headers: Box<HeaderChain>,
    },
}

/// What is remembered between two questions.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Blocks that were asked for, by height: peers tell channels in the order of their blocks, so that most questions
    /// find their block here.
    blocks: Mutex<BTreeMap<u32, Arc<KnownBlock>>>,
    /// `None` where the node is believed.
    headers: Option<Mutex<HeaderChain>>,
}

/// What a node said of a block, in the digits that it is asked by.
#[derive(Debug)]
pub(super) struct KnownBlock {
    pub(super) hash: String,
    pub(super) txids: Vec<String>,
}

impl Source {
    pub(super) fn new(config: ChainConfig) -> (Self, RpcConfig) {
        match config {
            ChainConfig::Believed(rpc) => (Source::default(), rpc),
            ChainConfig::Proven { rpc, headers } => {
                (Source { headers: Some(Mutex::new(*headers)), ..Source::default() }, rpc)
            }
        }
    }

    /// The headers, where the node must prove what it says. They are never held while somebody waits for the node.
    pub(super) fn headers(&self) -> Option<MutexGuard<'_, HeaderChain>> {
        self.headers.as_ref().map(lock)
    }

    pub(super) fn block(&self, height: u32) -> Option<Arc<KnownBlock>> {
        lock(&self.blocks).get(&height).cloned()
    }

    pub(super) fn remember(&self, height: u32, block: Arc<KnownBlock>) {
        let mut blocks = lock(&self.blocks);
        if blocks.len() >= BLOCK_COUNT_MAX {
            blocks.pop_first();
        }
        blocks.insert(height, block);
    }

    /// Forgets the blocks from a height on, which another branch may replace.
    pub(super) fn forget_from(&self, height: u32) {
        lock(&self.blocks).split_off(&height);
    }
}

/// What the lock holds is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Some 20 MB of ids.
const BLOCK_COUNT_MAX: usize = 64;
