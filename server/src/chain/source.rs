//! Who is asked about the chain, what of that is believed, and what is remembered of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bitcoin::block::Header;
use gossip::funding::{BlockTree, HeaderChain};
use primitives::UnixTime;

use super::notice::HeadersNotice;
use super::rpc::RpcConfig;
use crate::store::HeaderLog;

/// Who is asked about the chain, and what of the answers is believed.
#[derive(Debug, Clone)]
pub enum ChainConfig {
    /// A node of one's own: all that it says.
    Believed(RpcConfig),
    /// Anybody's node: what it proves. It can hide outputs, and invent none.
    Proven {
        /// Where it answers.
        rpc: RpcConfig,
        /// Headers to begin with: nothing but the first one.
        headers: Box<HeaderChain>,
        /// Where headers are kept from one start to the next; `None` where they are asked for again.
        file: Option<PathBuf>,
    },
}

/// What is remembered between two questions.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Blocks that were asked for, by height: peers tell channels in the order of their blocks, so that most questions
    /// find their block here.
    blocks: Mutex<KnownBlocks>,
    /// `None` where the node is believed.
    headers: Option<Mutex<HeaderChain>>,
    /// Where they are kept, as long as that goes well.
    file: Mutex<Option<HeaderLog>>,
}

#[derive(Debug, Default)]
struct KnownBlocks {
    by_height: BTreeMap<u32, Arc<KnownBlock>>,
    branch: u64,
}

/// What a node said of a block, in the digits that it is asked by.
#[derive(Debug)]
pub(super) struct KnownBlock {
    pub(super) hash: String,
    pub(super) txids: Vec<String>,
    /// What these ids make, where the node must prove what it says.
    pub(super) tree: Option<BlockTree>,
}

impl Source {
    /// Takes back the headers that are kept: waits for the disk, and checks them all. Tells what there is to tell of it.
    pub(super) fn open(config: ChainConfig, now: UnixTime) -> (Self, RpcConfig, Vec<HeadersNotice>) {
        let (rpc, mut headers, path) = match config {
            ChainConfig::Believed(rpc) => return (Source::default(), rpc, Vec::new()),
            ChainConfig::Proven { rpc, headers, file } => (rpc, headers, file),
        };
        let (mut file, mut notices) = (None, Vec::new());
        if let Some(path) = path {
            match HeaderLog::open(&path, &mut headers, now) {
                Ok((opened, notes)) => {
                    file = Some(opened);
                    notices = HeadersNotice::of(&path, notes);
                }
                Err(error) => notices.push(HeadersNotice::NotKept(error)),
            }
        }
        let (headers, file) = (Some(Mutex::new(*headers)), Mutex::new(file));
        (Source { headers, file, ..Source::default() }, rpc, notices)
    }

    /// Keeps headers that the chain has just taken. Where that fails it is told once, and no more are kept.
    pub(super) fn keep(&self, headers: &[Header]) -> Option<HeadersNotice> {
        let mut file = lock(&self.file);
        let error = file.as_mut()?.append(headers).err()?;
        *file = None;
        Some(HeadersNotice::NotKept(error))
    }

    /// The headers, where the node must prove what it says. They are never held while somebody waits for the node.
    pub(super) fn headers(&self) -> Option<MutexGuard<'_, HeaderChain>> {
        self.headers.as_ref().map(lock)
    }

    pub(super) fn block(&self, height: u32) -> Option<Arc<KnownBlock>> {
        lock(&self.blocks).by_height.get(&height).cloned()
    }

    /// Counts the times that blocks were forgotten.
    pub(super) fn branch(&self) -> u64 {
        lock(&self.blocks).branch
    }

    /// Keeps a block that was asked for when [`Source::branch`] was `branch`. Where blocks were forgotten since, it may be one of
    /// them, and is not kept.
    pub(super) fn remember(&self, height: u32, block: Arc<KnownBlock>, branch: u64) {
        let mut known = lock(&self.blocks);
        if known.branch != branch {
            return;
        }
        if known.by_height.len() >= BLOCK_COUNT_MAX {
            known.by_height.pop_first();
        }
        known.by_height.insert(height, block);
    }

    /// Forgets the blocks from a height on, which another branch may replace.
    pub(super) fn forget_from(&self, height: u32) {
        let mut known = lock(&self.blocks);
        known.by_height.split_off(&height);
        known.branch += 1;
    }
}

/// What the lock holds is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Some 20 MB of ids.
const BLOCK_COUNT_MAX: usize = 64;
