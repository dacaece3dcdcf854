//! Headers that are kept from one start to the next: all that is whole is read again and checked again, whatever happened to
//! the rest, and the node is asked for nothing but what is new.

use std::fs;
use std::path::Path;

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash as _;
use bitcoin::{BlockHash, Network, TxMerkleNode};
use gossip::funding::{FundingAnswer, HeaderChain, KEPT_START_SIZE, encode_piece};
use primitives::{BlockHeight, UnixTime};
use server::chain::{ChainAnswer, ChainConfig, HeadersNotice, RpcConfig};
use server::store::{HeaderLog, HeaderNotes};

use super::chain::{Asker, runtime, served};

const NOW: UnixTime = UnixTime::from_secs(u32::MAX);

/// Headers with work behind a parent; `salt` tells branches apart.
fn branch(parent: BlockHash, salt: u8, count: u32) -> Vec<Header> {
    let genesis = bitcoin::constants::genesis_block(Network::Regtest).header;
    let mut headers: Vec<Header> = Vec::new();
    for n in 1..=count {
        let mut header = Header {
            version: Version::ONE,
            prev_blockhash: headers.last().map_or(parent, Header::block_hash),
            merkle_root: TxMerkleNode::from_byte_array([salt; 32]),
            time: genesis.time + 600 * (n + 100 * u32::from(salt)),
            bits: genesis.bits,
            nonce: 0,
        };
        while !header.target().is_met_by(header.block_hash()) {
            header.nonce += 1;
        }
        headers.push(header);
    }
    headers
}

fn open(path: &Path) -> (HeaderLog, HeaderNotes, HeaderChain) {
    let mut chain = HeaderChain::from_genesis(Network::Regtest);
    let (log, notes) = HeaderLog::open(path, &mut chain, NOW).unwrap();
    (log, notes, chain)
}

fn tip(chain: &HeaderChain) -> BlockHash {
    chain.block_hash(chain.tip()).unwrap()
}

/// Connects headers and keeps them.
fn take(log: &mut HeaderLog, chain: &mut HeaderChain, headers: &[Header]) {
    assert!(chain.connect(headers, NOW).unwrap().is_some(), "it has more work");
    log.append(headers).unwrap();
}

#[test]
fn whatever_happens_to_a_byte_all_pieces_before_it_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gossip.log.headers");
    let (mut ends, mut tips) = (vec![KEPT_START_SIZE], Vec::new());
    {
        let (mut log, _, mut chain) = open(&path);
        tips.push(tip(&chain));
        for (salt, count) in [(1, 3), (2, 1), (3, 2)] {
            let headers = branch(tip(&chain), salt, count);
            take(&mut log, &mut chain, &headers);
            ends.push(fs::metadata(&path).unwrap().len() as usize);
            tips.push(tip(&chain));
        }
    }
    let whole = fs::read(&path).unwrap();
    for at in 0..=whole.len() {
        let mut turned = whole.clone();
        if let Some(byte) = turned.get_mut(at) {
            *byte ^= 0x40;
        }
        for (bytes, is_turned) in [(&whole[..at], false), (&turned[..], true)] {
            fs::write(&path, bytes).unwrap();
            // The end of the last piece that is as it was.
            let complete = ends.iter().rposition(|&end| end <= at).unwrap_or(0);
            let (mut log, notes, mut chain) = open(&path);
            assert_eq!(tip(&chain), tips[complete], "byte {at}, turned: {is_turned}");
            let is_foreign = is_turned && at < KEPT_START_SIZE;
            assert_eq!(notes.moved_to.is_some(), is_foreign);
            if let Some(aside) = notes.moved_to {
                assert_eq!(fs::read(aside).unwrap(), bytes, "nothing is lost");
            } else {
                assert_eq!(notes.cut_bytes, bytes.len().saturating_sub(ends[complete]) as u64);
            }
            // It goes on as if nothing had happened.
            let more = branch(tip(&chain), 9, 2);
            take(&mut log, &mut chain, &more);
            let (_, notes, again) = open(&path);
            assert_eq!((tip(&again), notes.cut_bytes), (tip(&chain), 0));
        }
    }
}

#[test]
fn a_branch_with_more_work_replaces_headers_that_were_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gossip.log.headers");
    let (mut log, _, mut chain) = open(&path);
    let first = branch(tip(&chain), 1, 5);
    take(&mut log, &mut chain, &first);
    // The other branch comes after a restart, and holds after the next one.
    let (mut log, _, mut chain) = open(&path);
    let second = branch(first[1].block_hash(), 2, 6);
    take(&mut log, &mut chain, &second);
    let (_, notes, chain) = open(&path);
    assert_eq!((chain.tip(), tip(&chain)), (BlockHeight::from_u32(8), second[5].block_hash()));
    assert_eq!(notes, HeaderNotes { header_count: 11, ..HeaderNotes::default() });
}

#[test]
fn what_breaks_a_rule_is_cut_off_though_its_checksum_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gossip.log.headers");
    let (mut log, _, mut chain) = open(&path);
    let headers = branch(tip(&chain), 1, 3);
    take(&mut log, &mut chain, &headers);
    let whole = fs::read(&path).unwrap();
    let mut idle = branch(tip(&chain), 2, 1);
    while idle[0].target().is_met_by(idle[0].block_hash()) {
        idle[0].nonce += 1;
    }
    let orphan = branch(idle[0].block_hash(), 3, 1);
    for wrong in [idle, orphan, headers] {
        let piece = encode_piece(&wrong).unwrap();
        fs::write(&path, [&whole[..], &piece].concat()).unwrap();
        let (_, notes, read) = open(&path);
        assert_eq!((tip(&read), notes.cut_bytes), (tip(&chain), piece.len() as u64));
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

impl Asker {
    fn start_keeping(rpc: RpcConfig, path: &Path) -> Self {
        let headers = Box::new(HeaderChain::from_genesis(Network::Regtest));
        Asker::start_with(ChainConfig::Proven { rpc, headers, file: Some(path.to_owned()) })
    }

    /// What is told of the file before the first block, and that block.
    async fn beginning(&mut self) -> (Vec<HeadersNotice>, u32) {
        let mut notices = Vec::new();
        loop {
            match self.next().await {
                ChainAnswer::Headers(notice) => notices.push(notice),
                ChainAnswer::Block { height } => return (notices, height.to_u32()),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_restart_asks_for_nothing_but_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gossip.log.headers");
    let (chain, config, _) = served(None);
    let asked_count = || chain.lock().unwrap().calls["getblockheader"];
    let begin =
        || runtime().block_on(async { Asker::start_keeping(config.clone(), &path).beginning().await });
    let (notices, height) = begin();
    assert_eq!((notices.len(), height, asked_count()), (0, 2, 2));

    chain.lock().unwrap().mine(vec![], 3);
    let (notices, height) = begin();
    assert!(matches!(notices[..], [HeadersNotice::Read { header_count: 2 }]), "{notices:?}");
    assert_eq!((height, asked_count()), (3, 3));

    // Another branch while nobody looks, and a torn end.
    {
        let mut chain = chain.lock().unwrap();
        chain.blocks.truncate(2);
        (10..13).for_each(|salt| chain.mine(vec![], salt));
    }
    fs::write(&path, [fs::read(&path).unwrap(), vec![0, 0, 0, 1, 7]].concat()).unwrap();
    runtime().block_on(async {
        let mut asker = Asker::start_keeping(config.clone(), &path);
        let (notices, height) = asker.beginning().await;
        let is_told = matches!(notices[..], [HeadersNotice::Cut { header_count: 3, cut_bytes: 5, .. }]);
        assert!(is_told && height == 4, "{notices:?}, {height}");
        asker.ask(1, 1, 0);
        assert!(matches!(asker.found().await, FundingAnswer::Unspent(_)));
    });
    let before = asked_count();
    let (notices, height) = begin();
    assert!(matches!(notices[..], [HeadersNotice::Read { .. }]), "{notices:?}");
    assert_eq!((height, asked_count()), (4, before));
}
