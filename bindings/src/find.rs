//! Queries.

use std::ptr;

use engine::alternatives::alternatives;
use engine::diverse::diverse;
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteError, RouteWorkspace, widest};
use engine::snapshot::Snapshot;

use crate::border::{Out, border, out_list, reference};
use crate::failure::Failure;
use crate::graph::{Graph, fg_graph};
use crate::handle::{hand_out, hold};
use crate::query::fg_query;
use crate::query_read::Asked;
use crate::route::{RouteAnswer, fg_route};
use crate::status::{FG_NONE, fg_error, fg_reason, fg_status};

/// Finds the cheapest route in what is published. Free it with fg_route_free. Any number of threads; takes no lock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_find_route(
    graph: *const fg_graph,
    query: *const fg_query,
    route: *mut *mut fg_route,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("route", route, ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let asked = unsafe { Asked::read(query, &graph) }?;
        let found = graph.router.route(&asked.route).map_err(|error| asked.failure(error))?;
        out.put(hand_out(RouteAnswer::new(found)));
        Ok(())
    })
}

/// Finds the `capacity` cheapest routes, the cheapest first, and tells how many there are; the other places of `routes`
/// become null. Free each with fg_route_free. Any number of threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_find_alternatives(
    graph: *const fg_graph,
    query: *const fg_query,
    routes: *mut *mut fg_route,
    capacity: usize,
    count: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    // SAFETY: the rules of the header.
    border!(error, || unsafe { find_several(graph, query, (routes, capacity, count), alternatives) })
}

/// Finds up to `capacity` routes that share no channel but, where there is no other way, the first and the last; else as
/// fg_find_alternatives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_find_diverse(
    graph: *const fg_graph,
    query: *const fg_query,
    routes: *mut *mut fg_route,
    capacity: usize,
    count: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    // SAFETY: the rules of the header.
    border!(error, || unsafe { find_several(graph, query, (routes, capacity, count), diverse) })
}

/// Answers `count` queries, which lie behind one another and have one struct_size, on all processors. `routes` has room
/// for as many handles: null where `errors` says why there is none; `errors` has room for as many, or is null. Free each
/// route with fg_route_free. The status tells whether the queries were asked, not what was answered. Any number of
/// threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_find_batch(
    graph: *const fg_graph,
    queries: *const fg_query,
    count: usize,
    routes: *mut *mut fg_route,
    errors: *mut fg_error,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let routes = unsafe { out_list("routes", routes, count, ptr::null_mut) }?;
        let wanted = if errors.is_null() { 0 } else { count };
        // SAFETY: the rules of the header.
        let errors = unsafe { out_list("errors", errors, wanted, nothing_wrong) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let asked = unsafe { read_batch(queries, count, &graph) }?;
        let valid: Vec<RouteQuery> = asked.iter().flatten().map(|asked| asked.route.clone()).collect();
        let mut answers = graph.router.route_batch(&valid).into_iter();
        for (place, asked) in asked.into_iter().enumerate() {
            let found = asked.and_then(|asked| {
                let answer = answers.next().expect("every query that was asked is answered");
                answer.map_err(|error| asked.failure(error))
            });
            match found {
                Ok(found) => routes[place] = hand_out(RouteAnswer::new(found)),
                Err(failure) => {
                    if let Some(error) = errors.get_mut(place) {
                        *error = failure.to_error();
                    }
                }
            }
        }
        Ok(())
    })
}

/// Tells the largest HTLC that any single path could carry if every channel's funds were on the right side. Any number
/// of threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_find_widest(
    graph: *const fg_graph,
    query: *const fg_query,
    amount_msat: *mut u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("amount_msat", amount_msat, FG_NONE) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let asked = unsafe { Asked::read(query, &graph) }?;
        out.put(widest(&graph.router.graph().snapshot(), &asked.route)?.to_msat());
        Ok(())
    })
}

type Search = fn(&Snapshot, &RouteQuery, usize, &mut RouteWorkspace) -> Result<Vec<Route>, RouteError>;

/// # Safety
/// By the rules of the header, for a list of routes, its capacity and its count.
unsafe fn find_several(
    graph: *const fg_graph,
    query: *const fg_query,
    (routes, capacity, count): (*mut *mut fg_route, usize, *mut usize),
    search: Search,
) -> Result<(), Failure> {
    // SAFETY: this function's own promise.
    let out = unsafe { Out::new("count", count, 0) }?;
    // SAFETY: the same.
    let places = unsafe { out_list("routes", routes, capacity, ptr::null_mut) }?;
    // SAFETY: the same.
    let graph = unsafe { hold::<Graph>(graph) }?;
    // SAFETY: the same.
    let asked = unsafe { Asked::read(query, &graph) }?;
    let find = |snapshot: &_, space: &mut _| search(snapshot, &asked.route, capacity, space);
    let found = graph.router.with_workspace(find);
    let found = found.map_err(|error| asked.failure(error))?;
    out.put(found.len());
    for (place, route) in places.iter_mut().zip(found) {
        *place = hand_out(RouteAnswer::new(route));
    }
    Ok(())
}

/// # Safety
/// By the rules of the header, `queries` is null or leads to `count` queries of the first one's size.
unsafe fn read_batch(
    queries: *const fg_query,
    count: usize,
    graph: &Graph,
) -> Result<Vec<Result<Asked, Failure>>, Failure> {
    if count == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: this function's own promise; the size comes first.
    let size = *unsafe { reference("queries", queries.cast::<usize>()) }?;
    if size.checked_mul(count).is_none_or(|all| isize::try_from(all).is_err()) {
        return Err(Failure::TooMany { what: "queries", count });
    }
    let read = |place: usize| {
        let query = queries.cast::<u8>().wrapping_add(place * size).cast::<fg_query>();
        // SAFETY: this function's own promise, for the query at that place.
        unsafe { Asked::read(query, graph) }
    };
    Ok((0..count).map(read).collect())
}

fn nothing_wrong() -> fg_error {
    fg_error {
        status: fg_status::FG_OK,
        reason: fg_reason::FG_REASON_NONE,
        position: FG_NONE,
        value_msat: FG_NONE,
        message: [0; 232],
    }
}
