//! What the border promises, shown from inside.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use bitcoin::hashes::{Hash, sha256d};
use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
use engine::graph::{GraphBuilder, Topology};
use engine::stop::Stop;
use primitives::ChainHash;

use crate::border::guarded;
use crate::cancel::{fg_cancel, fg_cancel_free, fg_cancel_new, fg_cancel_set};
use crate::failure::Failure;
use crate::find::fg_find_route;
use crate::gossip::{fg_gossip, fg_graph_verify_gossip};
use crate::graph::{Graph, fg_graph, fg_graph_free, fg_graph_new};
use crate::handle::{hand_out, hold};
use crate::log::fg_log_level;
use crate::query::fg_query;
use crate::query_init::{default_query, fg_query_init};
use crate::query_read::Asked;
use crate::route::{fg_route, fg_route_free};
use crate::set_log::fg_set_log;
use crate::status::{FG_NONE, fg_error, fg_reason, fg_status};
use crate::update::fg_graph_publish;

fn no_error() -> fg_error {
    let (status, reason) = (fg_status::FG_OK, fg_reason::FG_REASON_NONE);
    fg_error { status, reason, position: 0, value_msat: 0, message: [0; 232] }
}

fn empty() -> Graph {
    Graph::new(Topology::build(GraphBuilder::new()).unwrap())
}

fn message(error: &fg_error) -> &str {
    // SAFETY: a message is always terminated.
    unsafe { CStr::from_ptr(error.message.as_ptr()) }.to_str().unwrap()
}

#[test]
fn a_panic_becomes_a_failure_with_its_message() {
    let failure = guarded(|| panic!("at {}", 7)).unwrap_err();
    assert_eq!(failure.status(), fg_status::FG_PANIC);
    let error = failure.to_error();
    assert_eq!(message(&error), "panicked: at 7");
    let failure = guarded(|| std::panic::panic_any(3_u8)).unwrap_err();
    assert_eq!(message(&failure.to_error()), "panicked: no message");
}

#[test]
fn a_message_is_cut_between_characters() {
    let error = Failure::Panic { message: "ä".repeat(300) }.to_error();
    assert!(message(&error).ends_with('ä') && message(&error).len() >= 230);
}

#[test]
fn freeing_twice_is_told_and_a_stale_handle_is_no_value() {
    let mut cancel = ptr::null_mut();
    // SAFETY: pointers to variables, and handles.
    unsafe {
        assert_eq!(fg_cancel_new(&mut cancel, ptr::null_mut()), fg_status::FG_OK);
        assert_eq!(fg_cancel_set(cancel), fg_status::FG_OK);
        assert_eq!(fg_cancel_free(cancel), fg_status::FG_OK);
        assert_eq!(fg_cancel_free(cancel), fg_status::FG_BAD_HANDLE);
        assert_eq!(fg_cancel_set(cancel), fg_status::FG_BAD_HANDLE);
        // Hundreds of others do not bring it back to life.
        for _ in 0..1000 {
            let mut other = ptr::null_mut();
            assert_eq!(fg_cancel_new(&mut other, ptr::null_mut()), fg_status::FG_OK);
            assert_ne!(other, cancel);
            assert_eq!(fg_cancel_free(other), fg_status::FG_OK);
        }
        assert_eq!(fg_cancel_set(cancel), fg_status::FG_BAD_HANDLE);
        assert_eq!(fg_cancel_free(ptr::null_mut()), fg_status::FG_OK);
        assert_eq!(fg_cancel_set(ptr::null()), fg_status::FG_BAD_ARGUMENT);
    }
}

#[test]
fn a_handle_of_another_kind_is_refused() {
    let (mut graph, mut error) = (ptr::null_mut(), no_error());
    // SAFETY: pointers to variables, and handles.
    unsafe {
        assert_eq!(fg_graph_new(&mut graph, &mut error), fg_status::FG_OK);
        assert_eq!(fg_cancel_set(graph.cast::<fg_cancel>()), fg_status::FG_BAD_HANDLE);
        assert_eq!(fg_route_free(graph.cast::<fg_route>()), fg_status::FG_BAD_HANDLE);
        let askew = graph.cast::<u8>().add(8).cast::<fg_graph>();
        assert_eq!(fg_graph_free(askew), fg_status::FG_BAD_HANDLE);
        assert_eq!(fg_graph_free(graph), fg_status::FG_OK);
    }
}

#[test]
fn what_is_in_use_is_not_freed() {
    let cancel = hand_out(Stop::new());
    // SAFETY: a handle.
    let held = unsafe { hold::<Stop>(cancel) }.unwrap();
    // SAFETY: a handle.
    assert_eq!(unsafe { fg_cancel_free(cancel) }, fg_status::FG_BUSY);
    assert!(!held.is_set());
    drop(held);
    // SAFETY: a handle.
    assert_eq!(unsafe { fg_cancel_free(cancel) }, fg_status::FG_OK);
}

#[test]
fn threads_that_race_to_free_agree_on_one() {
    for _ in 0..200 {
        let cancel = hand_out(Stop::new()) as usize;
        // SAFETY: a handle.
        let free = || unsafe { fg_cancel_free(cancel as *mut fg_cancel) } as i32;
        // SAFETY: a handle.
        let set = || unsafe { fg_cancel_set(cancel as *const fg_cancel) } as i32;
        let ends = std::thread::scope(|scope| {
            let threads = [scope.spawn(free), scope.spawn(free), scope.spawn(set)];
            threads.map(|thread| thread.join().unwrap())
        });
        let freed = ends[..2].iter().filter(|end| **end == 0).count();
        // Where both met the one that sets, neither has freed it.
        assert!(freed == 1 || freed == 0 && ends[..2].contains(&(fg_status::FG_BUSY as i32)), "{ends:?}");
        if freed == 0 {
            assert_eq!(free(), 0);
        }
    }
}

#[test]
fn a_query_reads_back_what_its_init_wrote() {
    let mut query = default_query();
    query.struct_size = 0;
    // SAFETY: a variable of that size.
    assert_eq!(unsafe { fg_query_init(&mut query, size_of::<fg_query>()) }, fg_status::FG_OK);
    query.payer.bytes = [2; 33];
    query.payee.bytes = [3; 33];
    query.amount_msat = 5;
    // SAFETY: a query.
    let asked = unsafe { Asked::read(&query, &empty()) }.unwrap();
    let [payer, payee] = [[2; 33], [3; 33]].map(|bytes| primitives::NodeId::from_bytes(bytes).unwrap());
    let amount = primitives::Msat::from_msat(5);
    assert_eq!(asked.route, engine::query::RouteQuery::new(payer, payee, amount));
    assert_eq!(asked.for_plans(), engine::flow::PlanQuery::new(asked.route));
}

/// A later version's query: this one and a field behind it.
#[repr(C)]
struct Later {
    query: fg_query,
    more: u64,
}

#[test]
fn sizes_decide_which_fields_are_read_and_written() {
    let mut later = Later { query: default_query(), more: 7 };
    let size = size_of::<Later>();
    // SAFETY: a variable of that size.
    assert_eq!(unsafe { fg_query_init((&raw mut later).cast(), size) }, fg_status::FG_OK);
    assert_eq!((later.query.struct_size, later.more), (size, 0));
    later.query.payer.bytes = [2; 33];
    later.query.payee.bytes = [3; 33];
    // SAFETY: a query of that size.
    let read = |later: &Later| unsafe { Asked::read(ptr::from_ref(later).cast(), &empty()) }.map(drop);
    assert!(read(&later).is_ok());
    later.more = 1;
    assert!(matches!(read(&later), Err(Failure::UnknownField { .. })));
    for size in [0, 8, size_of::<fg_query>() - 1, 1 << 20] {
        later.query.struct_size = size;
        assert!(matches!(read(&later), Err(Failure::StructSize { .. })), "{size}");
    }
}

#[test]
fn misuse_gives_errors() {
    let (mut graph, mut route, mut error) = (ptr::null_mut(), ptr::null_mut(), no_error());
    let mut query = default_query();
    // SAFETY: pointers to variables, and handles.
    unsafe {
        assert_eq!(fg_graph_new(ptr::null_mut(), &mut error), fg_status::FG_BAD_ARGUMENT);
        assert_eq!(message(&error), "graph is null");
        assert_eq!(fg_graph_new(&mut graph, &mut error), fg_status::FG_OK);
        assert_eq!(error.status, fg_status::FG_OK);
        assert_eq!(fg_find_route(graph, ptr::null(), &mut route, &mut error), fg_status::FG_BAD_ARGUMENT);
        // All zeros begin no node id.
        assert_eq!(fg_find_route(graph, &query, &mut route, &mut error), fg_status::FG_BAD_ARGUMENT);
        assert_eq!((message(&error).contains("payer"), error.position), (true, 0));
        query.payer.bytes = [2; 33];
        query.payee.bytes = [3; 33];
        query.amount_msat = 1;
        assert_eq!(fg_find_route(graph, &query, &mut route, &mut error), fg_status::FG_UNKNOWN_NODE);
        assert_eq!(error.position, FG_NONE);
        query.avoid_node_count = 1;
        assert_eq!(fg_find_route(graph, &query, &mut route, &mut error), fg_status::FG_BAD_ARGUMENT);
        query.avoid_nodes = ptr::NonNull::dangling().as_ptr();
        query.avoid_node_count = usize::MAX;
        assert_eq!(fg_find_route(graph, &query, &mut route, &mut error), fg_status::FG_BAD_ARGUMENT);
        query.avoid_node_count = 0;
        query.cost = 9;
        assert_eq!(fg_find_route(graph, &query, &mut route, &mut error), fg_status::FG_BAD_ARGUMENT);
        assert!(route.is_null());
        assert_eq!(fg_graph_free(graph), fg_status::FG_OK);
    }
}

unsafe extern "C" fn note(level: u32, message: *const c_char, user: *mut c_void) {
    // SAFETY: the library passes a text, and the pointer that the test gave it.
    let (text, lines) = unsafe { (CStr::from_ptr(message), &mut *user.cast::<Vec<(u32, String)>>()) };
    lines.push((level, text.to_string_lossy().into_owned()));
    // SAFETY: null and numbers.
    let again = unsafe { fg_set_log(None, ptr::null_mut(), 0, ptr::null_mut()) };
    assert_eq!(again, fg_status::FG_BUSY);
}

#[test]
fn the_log_tells_of_panics_and_cannot_be_changed_from_inside() {
    let mut lines: Vec<(u32, String)> = Vec::new();
    let level = fg_log_level::FG_LOG_ERROR as u32;
    // SAFETY: `lines` outlives the log, which is taken back below.
    unsafe { fg_set_log(Some(note), (&raw mut lines).cast(), level, ptr::null_mut()) };
    assert!(guarded(|| panic!("logged")).is_err());
    // SAFETY: null and numbers.
    unsafe { fg_set_log(None, ptr::null_mut(), 0, ptr::null_mut()) };
    // Other tests panic, too.
    assert!(lines.contains(&(level, "panicked: logged".to_owned())), "{lines:?}");
}

/// Signs a message of BOLT 7 at its places for signatures.
fn signed(message: &mut [u8], signers: &[&SecretKey]) {
    let secp = Secp256k1::signing_only();
    let digest = sha256d::Hash::hash(&message[2 + 64 * signers.len()..]).to_byte_array();
    for (at, signer) in signers.iter().enumerate() {
        let signature = secp.sign_ecdsa(&Message::from_digest(digest), signer).serialize_compact();
        message[2 + 64 * at..][..64].copy_from_slice(&signature);
    }
}

#[test]
fn gossip_is_believed_when_its_authors_signed_it() {
    let secp = Secp256k1::signing_only();
    let mut keys = [3, 4].map(|byte| SecretKey::from_slice(&[byte; 32]).unwrap());
    keys.sort_by_key(|key| key.public_key(&secp).serialize());
    let ids = keys.map(|key| key.public_key(&secp).serialize());
    let [one, two] = &keys;
    let mut announced = 256u16.to_be_bytes().to_vec();
    announced.extend([0; 4 * 64 + 2]);
    announced.extend(ChainHash::BITCOIN.as_bytes());
    announced.extend(9u64.to_be_bytes());
    announced.extend([ids[0], ids[1], ids[0], ids[1]].concat());
    signed(&mut announced, &[one, two, one, two]);
    let update = |timestamp: u32, signer| {
        let mut message = 258u16.to_be_bytes().to_vec();
        message.extend([0; 64]);
        message.extend(ChainHash::BITCOIN.as_bytes());
        message.extend(9u64.to_be_bytes());
        message.extend(timestamp.to_be_bytes());
        message.extend([1, 1, 0, 40]);
        message.extend([0; 8 + 4 + 4]);
        message.extend(1000u64.to_be_bytes());
        signed(&mut message, &[signer]);
        message
    };
    let (mut graph, mut told) = (ptr::null_mut(), fg_gossip::FG_GOSSIP_SKIPPED);
    // SAFETY: a pointer to a variable.
    assert_eq!(unsafe { fg_graph_new(&mut graph, ptr::null_mut()) }, fg_status::FG_OK);
    let mut take = |message: &[u8]| {
        let (first, size, nothing) = (message.as_ptr(), message.len(), ptr::null_mut());
        // SAFETY: pointers to variables, and a handle.
        let status =
            unsafe { fg_graph_verify_gossip(graph, first, size, ptr::null(), 7000, &mut told, nothing) };
        // SAFETY: the same.
        unsafe { fg_graph_publish(graph, ptr::null_mut(), ptr::null_mut()) };
        (status, told)
    };
    let (skipped, updated) = (fg_gossip::FG_GOSSIP_SKIPPED, fg_gossip::FG_GOSSIP_CHANNEL_UPDATE);
    assert_eq!(take(&update(1_600_000_000, two)), (fg_status::FG_UNKNOWN_CHANNEL, skipped));
    let mut forged = announced.clone();
    forged[2 + 3 * 64] ^= 1;
    assert_eq!(take(&forged), (fg_status::FG_BAD_SIGNATURE, skipped));
    assert_eq!(take(&announced), (fg_status::FG_OK, fg_gossip::FG_GOSSIP_CHANNEL_ANNOUNCEMENT));
    assert_eq!(take(&announced), (fg_status::FG_BAD_UPDATE, skipped));
    assert_eq!(take(&update(1_600_000_000, one)), (fg_status::FG_BAD_SIGNATURE, skipped));
    assert_eq!(take(&update(1_600_000_000, two)), (fg_status::FG_OK, updated));
    for stale in [1_600_000_000, 1_599_999_999] {
        assert_eq!(take(&update(stale, two)), (fg_status::FG_OK, fg_gossip::FG_GOSSIP_STALE));
    }
    assert_eq!(take(&update(1_600_000_001, two)), (fg_status::FG_OK, updated));
    // SAFETY: a handle.
    assert_eq!(unsafe { fg_graph_free(graph) }, fg_status::FG_OK);
}
