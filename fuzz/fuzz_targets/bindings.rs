//! Calls the C functions in any order, with any numbers, and with handles that may be freed already. No call may panic:
//! one that does says so by its status.
#![no_main]

use std::ptr;

use fulgurite::*;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut host = Host::new(Bytes(input));
    for _ in 0..CALL_COUNT_MAX {
        if host.bytes.0.is_empty() {
            break;
        }
        host.call();
    }
    host.end();
});

/// What is left of the input.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// A number of any size, more often a small one.
    fn number(&mut self) -> u64 {
        let size = usize::from(self.byte() % 9);
        (0..size).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    fn node(&mut self) -> fg_node_id {
        let mut bytes = [0; 33];
        bytes[0] = if self.byte() == 0 { 7 } else { 2 };
        bytes[32] = self.byte() % 8;
        fg_node_id { bytes }
    }

    fn policy(&mut self) -> fg_policy {
        fg_policy {
            htlc_minimum_msat: self.number(),
            htlc_maximum_msat: self.number(),
            fee_base_msat: self.number() as u32,
            fee_proportional_millionths: self.number() as u32,
            inbound_base_msat: self.number() as i32,
            inbound_proportional_millionths: self.number() as i32,
            last_update: self.number() as u32,
            cltv_expiry_delta: self.number() as u16,
            disabled: u16::from(self.byte() % 2),
        }
    }
}

/// A program in C: two places for handles of each kind, freed ones included.
struct Host<'a> {
    bytes: Bytes<'a>,
    graphs: [*mut fg_graph; 2],
    routes: [*mut fg_route; 2],
    plans: [*mut fg_plan; 2],
    views: [*mut fg_view; 2],
    beliefs: [*mut fg_beliefs; 2],
    layers: *mut fg_layers,
    reservations: *mut fg_reservations,
    cancel: *mut fg_cancel,
}

impl<'a> Host<'a> {
    fn new(bytes: Bytes<'a>) -> Self {
        Host {
            bytes,
            graphs: [ptr::null_mut(); 2],
            routes: [ptr::null_mut(); 2],
            plans: [ptr::null_mut(); 2],
            views: [ptr::null_mut(); 2],
            beliefs: [ptr::null_mut(); 2],
            layers: ptr::null_mut(),
            reservations: ptr::null_mut(),
            cancel: ptr::null_mut(),
        }
    }

    fn call(&mut self) {
        let (which, at) = (self.bytes.byte(), usize::from(self.bytes.byte() % 2));
        let status = match which % 5 {
            0 => self.make(at),
            1 => self.change(at),
            2 => self.ask(at),
            3 => self.layer(at),
            _ => self.look(at),
        };
        assert_ne!(status, fg_status::FG_PANIC);
    }

    fn make(&mut self, at: usize) -> fg_status {
        let graph = self.graphs[usize::from(self.bytes.byte() % 2)];
        let null = ptr::null_mut();
        // SAFETY: places of ours; handles are null or the library's, live or not.
        unsafe {
            match self.bytes.byte() % 8 {
                0 => match fg_graph_free(self.graphs[at]) {
                    fg_status::FG_OK => fg_graph_new(&mut self.graphs[at], null),
                    status => status,
                },
                1 => {
                    let size = self.bytes.0.len().min(usize::from(self.bytes.byte()));
                    let (file, rest) = self.bytes.0.split_at(size.min(self.bytes.0.len()));
                    self.bytes.0 = rest;
                    fg_graph_free(self.graphs[at]);
                    fg_graph_read(file.as_ptr(), file.len(), &mut self.graphs[at], null)
                }
                2 => {
                    fg_view_free(self.views[at]);
                    fg_graph_view(graph, &mut self.views[at], null)
                }
                3 => {
                    fg_beliefs_free(self.beliefs[at]);
                    let lives = (self.bytes.number() as u32, self.bytes.number() as u32);
                    fg_beliefs_new(graph, lives.0, lives.1, &mut self.beliefs[at], null)
                }
                4 => {
                    fg_cancel_free(self.cancel);
                    fg_cancel_new(&mut self.cancel, null)
                }
                5 => {
                    fg_layers_free(self.layers);
                    fg_layers_new(&mut self.layers, null)
                }
                6 => {
                    fg_reservations_free(self.reservations);
                    fg_reservations_new(&mut self.reservations, null)
                }
                // Stays in its place, to be used though it is freed.
                _ => {
                    fg_route_free(self.routes[at]);
                    fg_plan_free(self.plans[at]);
                    fg_graph_free(self.graphs[at])
                }
            }
        }
    }

    fn change(&mut self, at: usize) -> fg_status {
        let (graph, null, scid) = (self.graphs[at], ptr::null_mut(), u64::from(self.bytes.byte() % 16));
        // SAFETY: as above.
        unsafe {
            match self.bytes.byte() % 7 {
                0 | 1 => {
                    let channel = fg_channel {
                        short_channel_id: scid,
                        capacity_msat: self.bytes.number(),
                        node_id_1: self.bytes.node(),
                        node_id_2: self.bytes.node(),
                        closed: 0,
                    };
                    fg_graph_open_channel(graph, &channel, null)
                }
                2 => fg_graph_set_policy(
                    graph,
                    scid,
                    u32::from(self.bytes.byte() % 3),
                    &self.bytes.policy(),
                    null,
                ),
                3 => fg_graph_close_channel(graph, scid, null),
                4 => {
                    let (message, size) = (self.bytes.0, usize::from(self.bytes.byte()));
                    let size = size.min(message.len());
                    let capacity = self.bytes.number();
                    fg_graph_apply_gossip(graph, message.as_ptr(), size, capacity, null.cast(), null)
                }
                5 => {
                    let (message, size) = (self.bytes.0.as_ptr(), self.bytes.0.len());
                    fg_graph_verify_gossip(graph, message, size, ptr::null(), 1, ptr::null_mut(), null)
                }
                _ => fg_graph_publish(graph, null.cast(), null),
            }
        }
    }

    fn ask(&mut self, at: usize) -> fg_status {
        let (graph, null) = (self.graphs[at], ptr::null_mut());
        let (avoided, extra) = (self.bytes.node(), self.extra_arc());
        let mut query = self.query();
        if self.bytes.byte() % 4 == 0 {
            (query.avoid_nodes, query.avoid_node_count) = (&avoided, 1);
            (query.extra_arcs, query.extra_arc_count) = (&extra, 1);
        }
        let names = [c"a".as_ptr(), c"b".as_ptr()];
        (query.layer_names, query.layer_count) = (names.as_ptr(), usize::from(self.bytes.byte() % 3));
        let (mut found, mut several, mut count) = (0, [ptr::null_mut(); 3], 0);
        // SAFETY: as above; the query points to variables of this function.
        unsafe {
            match self.bytes.byte() % 6 {
                0 | 1 => {
                    fg_route_free(self.routes[at]);
                    fg_find_route(graph, &query, &mut self.routes[at], null)
                }
                2 => {
                    let status =
                        fg_find_alternatives(graph, &query, several.as_mut_ptr(), 3, &mut count, null);
                    for route in several {
                        fg_route_free(route);
                    }
                    status
                }
                3 => {
                    let status = fg_find_diverse(graph, &query, several.as_mut_ptr(), 3, &mut count, null);
                    for route in several {
                        fg_route_free(route);
                    }
                    status
                }
                4 => {
                    fg_plan_free(self.plans[at]);
                    fg_find_plan(graph, &query, &mut self.plans[at], null)
                }
                _ => fg_find_most_sendable(graph, &query, &mut found, null),
            }
        }
    }

    fn layer(&mut self, at: usize) -> fg_status {
        let (layers, null, scid) = (self.layers, ptr::null_mut(), u64::from(self.bytes.byte() % 16));
        let name = if self.bytes.byte() % 2 == 0 { c"a".as_ptr() } else { c"b".as_ptr() };
        let (direction, number) = (u32::from(self.bytes.byte() % 3), self.bytes.number());
        let mut id = 0;
        // SAFETY: as above.
        unsafe {
            match self.bytes.byte() % 10 {
                0 => {
                    let channel = fg_channel {
                        short_channel_id: scid,
                        capacity_msat: number,
                        node_id_1: self.bytes.node(),
                        node_id_2: self.bytes.node(),
                        closed: 0,
                    };
                    fg_layers_create_channel(layers, name, &channel, null)
                }
                1 => fg_layers_update_channel(layers, name, scid, direction, &self.bytes.policy(), null),
                2 => fg_layers_bias_channel(layers, name, scid, direction, number as i8 as i32, 7, null),
                3 => {
                    let inform = u32::from(self.bytes.byte() % 4);
                    fg_layers_inform_channel(layers, name, scid, direction, number, inform, 7, null)
                }
                4 => fg_layers_disable_channel(layers, name, scid, direction, null),
                5 => fg_layers_disable_node(layers, name, &self.bytes.node(), null),
                6 => fg_layers_remove(layers, name, null),
                7 => fg_layers_read(layers, self.bytes.0.as_ptr(), self.bytes.0.len(), null),
                8 => fg_reservations_add_route(self.reservations, self.routes[at], 7, &mut id, null),
                _ => fg_reservations_release(self.reservations, number, null),
            }
        }
    }

    fn look(&mut self, at: usize) -> fg_status {
        let (null, index) = (ptr::null_mut(), self.bytes.number() as usize);
        let mut policy = fg_policy::default();
        let mut lent = (ptr::null(), 0);
        let beliefs = self.beliefs[at];
        // SAFETY: as above.
        unsafe {
            match self.bytes.byte() % 7 {
                0 => {
                    fg_view_policy(self.views[at], index, u32::from(self.bytes.byte() % 3), &mut policy, null)
                }
                1 => fg_route_bytes(self.routes[at], &mut lent.0, &mut lent.1, null),
                2 => fg_plan_bytes(self.plans[at], &mut lent.0, &mut lent.1, null),
                3 => {
                    let (outcome, code) = (u32::from(self.bytes.byte() % 5), self.bytes.number() as u32);
                    let now = self.bytes.number() as u32;
                    fg_beliefs_learn(
                        beliefs,
                        self.routes[at],
                        outcome,
                        index,
                        code,
                        now,
                        ptr::null_mut(),
                        null,
                    )
                }
                4 => {
                    let (first, size) = (self.bytes.0.as_ptr(), self.bytes.0.len());
                    let (none, format) = (ptr::null_mut(), u32::from(self.bytes.byte() % 5));
                    fg_beliefs_read(beliefs, format, first, size, 9, none, none, null)
                }
                5 => {
                    let mut payment = std::mem::zeroed::<fg_payment>();
                    fg_payment_init(&mut payment, size_of::<fg_payment>());
                    payment.block_height = self.bytes.number() as u32;
                    payment.total_msat = self.bytes.number();
                    let mut onions = ptr::null_mut();
                    let status = fg_route_onion(self.routes[at], &payment, &mut onions, null);
                    fg_onions_free(onions);
                    status
                }
                _ => fg_beliefs_follow(beliefs, self.graphs[at], null),
            }
        }
    }

    fn query(&mut self) -> fg_query {
        // SAFETY: an fg_query is numbers and pointers, which may be null; then its init writes it.
        let mut query = unsafe { std::mem::zeroed::<fg_query>() };
        // SAFETY: a variable of that size.
        unsafe { fg_query_init(&mut query, size_of::<fg_query>()) };
        query.payer = self.bytes.node();
        query.payee = self.bytes.node();
        query.amount_msat = self.bytes.number();
        query.cost = u32::from(self.bytes.byte() % 4);
        query.flags = u32::from(self.bytes.byte() % 4);
        query.work_max = 10_000;
        if self.bytes.byte() % 2 == 0 {
            query.fee_max_msat = self.bytes.number();
            query.cltv_max = self.bytes.number() as u32;
            query.hop_count_max = self.bytes.number() as u32;
            query.headroom_millionths = self.bytes.number() as u32;
            query.tolerance_msat = self.bytes.number();
            query.part_count_max = self.bytes.number() as u32;
            query.part_min_msat = self.bytes.number();
            query.cancel = self.cancel;
            query.beliefs = self.beliefs[usize::from(self.bytes.byte() % 2)];
            query.layers = self.layers;
            query.reservations = self.reservations;
            query.bimodal_scale_msat = self.bytes.number();
        }
        query
    }

    fn extra_arc(&mut self) -> fg_extra_arc {
        fg_extra_arc {
            short_channel_id: u64::from(self.bytes.byte()),
            capacity_msat: self.bytes.number(),
            policy: self.bytes.policy(),
            tail: self.bytes.node(),
            head: self.bytes.node(),
        }
    }

    fn end(self) {
        // SAFETY: as above.
        unsafe {
            for route in self.routes {
                fg_route_free(route);
            }
            for plan in self.plans {
                fg_plan_free(plan);
            }
            for view in self.views {
                fg_view_free(view);
            }
            for beliefs in self.beliefs {
                fg_beliefs_free(beliefs);
            }
            for graph in self.graphs {
                fg_graph_free(graph);
            }
            fg_layers_free(self.layers);
            fg_reservations_free(self.reservations);
            fg_cancel_free(self.cancel);
        }
    }
}

/// Enough to build a small graph and ask it.
const CALL_COUNT_MAX: usize = 200;
