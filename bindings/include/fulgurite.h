// Fulgurite: payment routing and pathfinding for the Lightning Network, in C.
//
// The rules, for all functions:
// - A pointer that is not null leads to as much memory of its type as the function says, and to memory that nobody else
//   writes to during the call. Null, sizes and numbers out of range, freed handles and handles of another kind are
//   errors; nothing is undefined about them.
// - What a function makes is the caller's, who frees it with the function that it names. What is lent (bytes, packets)
//   lives as long as the handle that lends it. Nothing else is kept: arguments may go when a call returns.
// - A handle may be used by any number of threads at once. It cannot be freed while another call uses it (FG_BUSY), and
//   not twice (FG_BAD_HANDLE).
// - Queries never wait for changes of the graph; changes wait for one another.
// - No function exits or lets a panic out; none prints, but for a line of Rust on standard error where one panics.
//   Where one fails, handles that it should have made are null.
// - Structures with a size may grow; their size tells which fields the caller knows. Others never change.
//
// docs/bindings/c.md begins with ten lines that find a route.


#ifndef FULGURITE_H
#define FULGURITE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// No limit, no value, no place.
#define FG_NONE 18446744073709551615ull

// The same in 32 bits.
#define FG_NONE_32 4294967295

// Raised when a program that was compiled for an earlier header must be compiled again.
#define FG_ABI_MAJOR 1

// Raised when functions, or fields at the ends of structures, are added.
#define FG_ABI_MINOR 0

// Do not charge or grant inbound fees (bLIP-18), as a payer does that does not know them.
#define FG_IGNORE_INBOUND_FEES 1

// An amount below a hop's htlc_minimum_msat may be raised to it; the payer pays the difference.
#define FG_MAY_OVERPAY 2

// How a call ended.
typedef enum {
    FG_OK = 0, // As it should.
    FG_NO_ROUTE = 1, // There is no such route or plan; this is certain. `fg_error.reason` says what closes the way.
    FG_WORK_LIMIT = 2, // The work ran out; there may be one.
    FG_CANCELLED = 3, // The query's fg_cancel was set.
    FG_UNKNOWN_NODE = 4, // A node that is not in the graph.
    FG_UNKNOWN_CHANNEL = 5, // A channel that is not in the graph.
    FG_BAD_QUERY = 6, // A query that contradicts itself.
    FG_CONTENDED = 7, // The graph changed faster than it could be read; try again.
    FG_BAD_ARGUMENT = 8, // A null pointer, a size or a number out of range.
    FG_BAD_HANDLE = 9, // A handle that was freed, or is of another kind.
    FG_BUSY = 10, // A handle cannot be freed while another call uses it.
    FG_BAD_INPUT = 11, // Bytes or a file that are not what they should be.
    FG_IO = 12, // The operating system refused.
    FG_BAD_UPDATE = 13, // A change that does not fit what it would change, which stays as it was.
    FG_PANIC = 14, // A mistake in this library, which was caught. Free what took part in it.
    FG_BAD_SIGNATURE = 15, // Gossip that its author did not sign.
} fg_status;

// What closes the way, for FG_NO_ROUTE.
typedef enum {
    FG_REASON_NONE = 0, // It says nothing more.
    // No channel of the payer takes the amount; value_msat: the largest HTLC that one takes.
    FG_REASON_PAYER_CANNOT_SEND = 1,
    // No channel of the payee takes the amount; value_msat: the largest HTLC that one takes.
    FG_REASON_PAYEE_CANNOT_RECEIVE = 2,
    FG_REASON_FEE_LIMIT = 3, // The fee limit; value_msat: a fee that suffices; its message tells whether less may.
    FG_REASON_ROUTE_LIMITS = 4, // The limits on blocks, hops or onion size.
    FG_REASON_HTLC_MINIMUM = 5, // Minima; value_msat: what the amount, or a part, would have to be raised to.
    FG_REASON_NOT_CONNECTED = 6, // No single path has the capacity.
    FG_REASON_CUT = 7, // No set of parts has the capacity; value_msat: the most that they carry.
    FG_REASON_NO_ROOM_FOR_FEES = 8, // The channels are full before fees; value_msat: what finds no place.
    FG_REASON_TOO_FEW_PARTS = 9, // So few parts do not carry the amount; value_msat: what finds no place.
} fg_reason;

// What became of a gossip message.
typedef enum {
    FG_GOSSIP_SKIPPED = 0, // Of a type, or of an old form, that says nothing of the graph.
    FG_GOSSIP_CHANNEL_ANNOUNCEMENT = 1, // The channel is open.
    FG_GOSSIP_NODE_ANNOUNCEMENT = 2, // The node's features are known.
    FG_GOSSIP_CHANNEL_UPDATE = 3, // The direction has this policy.
    FG_GOSSIP_STALE = 4, // A verified channel_update that is not newer than the policy in the graph.
} fg_gossip;

// What to do about a failure beyond believing it.
typedef enum {
    FG_ADVICE_BELIEVE = 0, // Ask again: the beliefs know what happened.
    // Apply the enclosed channel_update of hop `place`, then ask again; leave the hop out if that changes nothing.
    FG_ADVICE_REPRICE = 1,
    FG_ADVICE_AVOID_CHANNEL = 2, // Leave out the direction of hop `place`.
    FG_ADVICE_AVOID_NODE = 3, // Leave out node `place`; 0 is the payer, the first hop leads to 1.
    FG_ADVICE_SHORTEN_EXPIRY = 4, // Ask for a route with an earlier expiry.
    FG_ADVICE_AVOID_BLINDED_PATH = 5, // Try another blinded path of the payee.
    FG_ADVICE_PAYEE = 6, // The payee has spoken.
    FG_ADVICE_AVOID_ROUTE = 7, // Any node of the route but the payer may be at fault.
} fg_advice_kind;

// How much is told.
typedef enum {
    FG_LOG_NONE = 0, // Nothing.
    FG_LOG_ERROR = 1, // Mistakes in this library that were caught.
    FG_LOG_WARNING = 2, // What a file held that was left out.
    FG_LOG_INFO = 3, // Graphs that were loaded and saved.
} fg_log_level;

// A format that a graph is saved in.
typedef enum {
    FG_FORMAT_SNAPSHOT = 0, // Fulgurite's own, the fastest to load.
    FG_FORMAT_CSV = 1, // A table of policies.
    FG_FORMAT_LND_JSON = 2, // LND's describegraph.
} fg_format;

// What a query minimises.
typedef enum {
    FG_COST_FEE = 0, // The fee alone.
    FG_COST_RISK = 1, // The fee, the risk of having the amount locked, and a price for every hop.
    FG_COST_PROBABILITY = 2, // The same, and a price on the chance that a hop lacks the liquidity.
} fg_cost;

// How an attempt ended.
typedef enum {
    FG_OUTCOME_SETTLED = 0, // The payee took the payment.
    FG_OUTCOME_REACHED = 1, // The payee was reached and refused: a probe that arrived.
    FG_OUTCOME_FAILED = 2, // A node failed it.
    FG_OUTCOME_UNREADABLE = 3, // An error came back that nobody can be blamed for.
} fg_outcome;

// A form that beliefs have outside; docs/formats.md.
typedef enum {
    FG_BELIEFS_OWN = 0, // Fulgurite's own: all, exactly.
    FG_BELIEFS_MISSION_CONTROL = 1, // LND's mission control, JSON.
    FG_BELIEFS_LAYERS = 2, // Core Lightning's layers, JSON.
    FG_BELIEFS_LDK_SCORES = 3, // LDK's scores.
} fg_beliefs_format;

// How an attempt to send over a channel ended, for a layer.
typedef enum {
    FG_INFORM_CONSTRAINED = 0, // It lacked the liquidity.
    FG_INFORM_UNCONSTRAINED = 1, // It passed the HTLC on, which failed later.
    FG_INFORM_SUCCEEDED = 2, // The payment settled.
} fg_inform;

// What is believed of the balances in a graph's channels: learnt from payments, fading with time. Any number of threads
// may learn and read; they wait for one another for some hundred nanoseconds.
typedef struct fg_beliefs fg_beliefs;

// Bytes of this library.
typedef struct fg_buffer fg_buffer;

// A flag that ends the queries which carry it.
typedef struct fg_cancel fg_cancel;

// A channel graph that is searched while it changes. Any number of threads may query it; those that change it wait for
// one another, and no query ever waits for them.
typedef struct fg_graph fg_graph;

// Named layers over the graph, as Core Lightning's askrene has them: created channels, changed policies, what is known
// of liquidity, biases, disabled nodes and channels. Queries name those that they want.
typedef struct fg_layers fg_layers;

// The onion packets of a payment, one for each part, and what it takes to read their failures.
typedef struct fg_onions fg_onions;

// A payment in parts. It stands for itself: the graph may change, or be freed.
typedef struct fg_plan fg_plan;

// What payments that are under way hold of channels. Queries that carry it leave that alone.
typedef struct fg_reservations fg_reservations;

// A route. It stands for itself: the graph may change, or be freed.
typedef struct fg_route fg_route;

// The published graph of one moment, whose nodes and channels have fixed numbers, counted from 0. Policies are those
// in force when they are asked for, as long as no later generation replaces this one.
typedef struct fg_view fg_view;

// Takes a line of log. `level` is an fg_log_level; `message` lives until it returns; `user` is what was given with it.
// It is called by whichever thread has something to say, never by two at once, and must not call fg_set_log.
typedef void (*fg_log_fn)(uint32_t level, const char *message, void *user);

// What went wrong. The caller's own memory; every function takes null where nobody wants to know. After FG_OK only
// `status` is written. Its layout never changes.
typedef struct {
    fg_status status; // As it is returned, too.
    fg_reason reason;
    // A byte of the input, a line of it or a place in a list, whichever the message speaks of; FG_NONE where there is
    // none.
    uint64_t position;
    uint64_t value_msat; // What the reason tells of; FG_NONE where it tells of nothing.
    char message[232]; // UTF-8 and always terminated; cut where it is too long.
} fg_error;

// A node's compressed public key. Its layout never changes.
typedef struct {
    uint8_t bytes[33];
} fg_node_id;

// What a graph holds.
typedef struct {
    uint64_t node_count; // Nodes that queries know.
    uint64_t channel_count; // Channels, some of which may be closed.
    uint64_t version; // Counts the publications.
} fg_graph_info;

// A channel. Its layout never changes.
typedef struct {
    uint64_t short_channel_id;
    uint64_t capacity_msat; // FG_NONE where it is not known.
    fg_node_id node_id_1; // The lesser node id.
    fg_node_id node_id_2;
    uint16_t closed; // 1 where the channel is closed; told, never read.
} fg_channel;

// What a node asks of HTLCs over one direction of a channel: a channel_update of BOLT 7, and bLIP-18's inbound fee.
// Its layout never changes.
typedef struct {
    uint64_t htlc_minimum_msat;
    uint64_t htlc_maximum_msat;
    uint32_t fee_base_msat;
    uint32_t fee_proportional_millionths;
    int32_t inbound_base_msat;
    int32_t inbound_proportional_millionths;
    uint32_t last_update; // `timestamp`: seconds since 1970.
    uint16_t cltv_expiry_delta;
    uint16_t disabled; // 1 where the direction is disabled.
} fg_policy;

// One direction of a channel (0: from node_id_1, 1: from node_id_2). Its layout never changes.
typedef struct {
    uint64_t short_channel_id;
    uint32_t direction;
} fg_direction;

// One of the payer's channels, and what it can send over it now. Its layout never changes.
typedef struct {
    uint64_t short_channel_id;
    uint64_t balance_msat;
} fg_first_channel;

// One direction of a channel that is not in the graph: a route hint, a private channel. Its layout never changes.
typedef struct {
    uint64_t short_channel_id;
    uint64_t capacity_msat; // FG_NONE where it is not known.
    fg_policy policy;
    fg_node_id tail; // The node that forwards over it.
    fg_node_id head; // The node that it leads to.
} fg_extra_arc;

// What is asked. fg_query_init fills in the defaults; a list is null where it is empty. All that it points to must stay
// as it is while a function that takes it runs, and may go afterwards.
typedef struct {
    size_t struct_size; // sizeof(fg_query), set by fg_query_init.
    uint64_t amount_msat; // What the payee gets.
    fg_node_id payer;
    fg_node_id payee; // The payer itself asks for a circular route, as for rebalancing.
    uint32_t cost; // An fg_cost; FG_COST_PROBABILITY.
    // Of FG_COST_RISK and above: price of locking an amount for one block, in billionths of it. 15.
    uint32_t risk_billionths;
    // The same: price of any hop, in msat, and in millionths of the payment's amount. 500 and 200.
    uint32_t hop_base_msat;
    uint32_t hop_millionths;
    // Of FG_COST_PROBABILITY: price of an attempt, in msat, and in millionths of the amount. 100,000 and 1,000.
    uint32_t attempt_base_msat;
    uint32_t attempt_millionths;
    uint64_t fee_max_msat; // Total fee at most; FG_NONE. The stricter of both holds.
    uint32_t fee_max_millionths; // The same in millionths of the amount; FG_NONE_32.
    uint32_t cltv_max; // Blocks that the payer's HTLC may be locked, the final delta included; 2,016.
    uint32_t final_cltv_delta; // The payee's min_final_cltv_expiry_delta; 18.
    uint32_t hop_count_max; // Channels on the route; 20.
    uint32_t final_payload_extra; // Bytes of the payee's onion payload beside amount, expiry and secret; 0.
    // Bytes that the end of the onion takes in all, where it is no plain payee: a blinded path that begins there;
    // FG_NONE_32.
    uint32_t end_payload_size;
    uint32_t headroom_millionths; // The share of every channel's capacity that shall stay unused, in millionths; 0.
    uint32_t flags; // FG_IGNORE_INBOUND_FEES, FG_MAY_OVERPAY or both; 0.
    uint32_t part_count_max; // Of plans: how many parts there may be; 16.
    uint64_t part_min_msat; // Of plans: what each of several parts delivers at least; 1,000.
    uint64_t tolerance_msat; // The route may cost this much more than the best one; makes the search faster. 0.
    uint64_t work_max; // Nodes or labels that may be expanded before the search gives up; 2,000,000.
    const fg_node_id *last_hop; // The node that must be last before the payee; null.
    const fg_node_id *avoid_nodes; // Nodes to avoid.
    size_t avoid_node_count;
    const uint64_t *avoid_channels; // Channels to avoid, in both directions.
    size_t avoid_channel_count;
    const fg_direction *avoid_directions; // Directions to avoid.
    size_t avoid_direction_count;
    // The payer's channels that may be used; null allows all that are in the graph, their balances unknown.
    const fg_first_channel *first_channels;
    size_t first_channel_count;
    const fg_extra_arc *extra_arcs; // Channels that are not in the graph.
    size_t extra_arc_count;
    // Layers that change the graph for this query, and the names of those that do, in their order; null.
    const fg_layers *layers;
    const char *const *layer_names;
    size_t layer_count;
    const fg_reservations *reservations; // Amounts in flight that are left alone; null.
    const fg_cancel *cancel; // Ends the query early; null.
    const fg_beliefs *beliefs; // What is believed of balances; null.
    // Of beliefs: 0 where any balance is equally likely before anything is known; else most of it lies on one side of
    // a channel, and the other has some times this much. 0.
    uint64_t bimodal_scale_msat;
    uint32_t now; // Of beliefs: seconds since 1970.
    uint32_t reserved; // 0.
} fg_query;

// What a route is, beside its hops.
typedef struct {
    uint64_t amount_msat; // What the payee gets.
    uint64_t fee_msat; // What the payer pays beyond that.
    uint64_t cost_msat; // What was minimised.
    uint64_t gap_msat; // No route within the limits costs less by more than this; 0 where it is the best.
    double probability; // How likely every hop has the liquidity, where any balance is equally likely.
    uint64_t version; // The graph's version.
    uint64_t settled; // Nodes or labels that were expanded.
    size_t hop_count;
    uint32_t cltv; // Blocks from now to the expiry of the payer's HTLC, the final delta included.
    fg_node_id payer;
} fg_route_info;

// An HTLC on a route. Its layout never changes.
typedef struct {
    uint64_t short_channel_id;
    uint64_t amount_msat; // What the HTLC carries.
    uint64_t fee_msat; // What the node that it leads to keeps for forwarding.
    uint32_t cltv; // Blocks from now to the HTLC's expiry.
    uint32_t direction; // 0 from node_id_1 to node_id_2, 1 back.
    fg_node_id node_id; // The node that it leads to.
} fg_hop;

// What a plan is, beside its parts.
typedef struct {
    uint64_t amount_msat; // What the payee gets in all.
    uint64_t fee_msat; // What the payer pays beyond that.
    uint64_t cost_msat; // What was minimised.
    uint64_t least_cost_msat; // No set of parts costs less; FG_NONE where that is not known.
    double probability; // How likely every channel can carry all that the parts send over it.
    uint64_t version; // The graph's version.
    size_t part_count;
    uint32_t cltv; // Blocks until the last of the payer's HTLCs expires, the final delta included.
    fg_node_id payer;
} fg_plan_info;

// A part of a plan, beside its hops.
typedef struct {
    uint64_t amount_msat; // What the payee gets of it.
    uint64_t fee_msat; // What the payer pays beyond that.
    double probability; // How likely its channels can carry it, if it were alone.
    size_t hop_count;
    uint32_t cltv; // Blocks from now to the expiry of the payer's HTLC.
} fg_part_info;

// What to do about a failure. Its layout never changes.
typedef struct {
    fg_advice_kind kind;
    uint32_t permanent; // 1 where trying again later is useless.
    uint64_t place; // FG_NONE where the kind has none.
} fg_advice;

// What a payment's onions tell the payee. fg_payment_init fills in the defaults.
typedef struct {
    size_t struct_size; // sizeof(fg_payment), set by fg_payment_init.
    uint64_t total_msat; // What all parts together deliver; FG_NONE takes what the route or plan delivers.
    uint8_t payment_hash[32];
    uint8_t session_seed[32]; // Secret, random, and never used twice: the session keys are made of it.
    uint32_t block_height; // The best block.
    // Blocks that every expiry is moved into the future, so that hops cannot count how far the payee is; 0.
    uint32_t shadow_blocks;
    const uint8_t *payment_secret; // 32 bytes from the invoice; null where there is none.
    const uint8_t *keysend_preimage; // 32 bytes: the preimage of a spontaneous payment; null.
    const uint8_t *metadata; // payment_metadata from the invoice; null where there is none.
    size_t metadata_size;
    const uint8_t *custom_records; // Custom records as a TLV stream, types 65,536 and above in rising order; null.
    size_t custom_records_size;
} fg_payment;

// A packet for update_add_htlc.
typedef struct {
    const uint8_t *bytes; // onion_routing_packet, which lives as long as the fg_onions.
    size_t size; // 1,366.
    uint64_t amount_msat; // What the payer's HTLC carries.
    uint64_t short_channel_id; // The channel that it goes through.
    uint32_t cltv_expiry; // The block at which it expires.
    uint32_t reserved; // 0.
} fg_packet;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The ABI of the library that runs: FG_ABI_MAJOR * 65536 + FG_ABI_MINOR. Any thread.
uint32_t fg_abi_version(void);

// Whether a program that was compiled for this header's FG_ABI_MAJOR and FG_ABI_MINOR may use the library that runs.
// Any thread.
bool fg_abi_fits(uint32_t major, uint32_t minor);

// The library's version, as "0.1.0". Lives for ever. Any thread.
const char *fg_version(void);

// The name of a status, as "FG_NO_ROUTE"; of another number "unknown". Lives for ever. Any thread.
const char *fg_status_name(int32_t status);

// Has everything up to `level` (an fg_log_level) told to `callback`, for all graphs; null tells nobody. When it
// returns, the former callback is not running and will not be called any more. Any thread.
fg_status fg_set_log(fg_log_fn callback, void *user, uint32_t level, fg_error *error);

// Reads 66 hexadecimal digits. Any thread.
fg_status fg_node_id_parse(const char *digits, fg_node_id *node_id, fg_error *error);

// Writes 66 hexadecimal digits and a nul to `digits`, which has room for 67 bytes. Any thread.
fg_status fg_node_id_format(const fg_node_id *node_id, char *digits, fg_error *error);

// Makes a flag that is down. Free it with fg_cancel_free when no query that carries it is running.
fg_status fg_cancel_new(fg_cancel **cancel, fg_error *error);

// Raises the flag: queries that carry it end within some microseconds, plans with the path that they look for, with
// FG_CANCELLED, or with what they have. Any thread.
fg_status fg_cancel_set(const fg_cancel *cancel);

// Lowers the flag. Any thread.
fg_status fg_cancel_clear(const fg_cancel *cancel);

// Frees the flag; null is fine.
fg_status fg_cancel_free(fg_cancel *cancel);

// Makes an empty graph. Free it with fg_graph_free.
fg_status fg_graph_new(fg_graph **graph, fg_error *error);

// Loads a graph of any known format, told by its content: Fulgurite's snapshot, CSV, LND's describegraph, Core
// Lightning's gossip_store, LDK's rapid gossip sync; all but the first also compressed with zstd. The file must not be
// changed meanwhile. Free the graph with fg_graph_free.
fg_status fg_graph_load(const char *file, fg_graph **graph, fg_error *error);

// The same from memory, which may be freed afterwards.
fg_status fg_graph_read(const uint8_t *bytes, size_t size, fg_graph **graph, fg_error *error);

// Writes the graph to a file, which appears whole or not at all, in an fg_format. All that was applied is in it,
// published or not: it is published with it. Changes of the graph wait; queries do not.
fg_status fg_graph_save(const fg_graph *graph, const char *file, uint32_t format, fg_error *error);

// Tells what the published graph holds. `size` is sizeof(fg_graph_info). Any thread.
fg_status fg_graph_get_info(const fg_graph *graph, fg_graph_info *info, size_t size, fg_error *error);

// Frees a graph; null is fine. Routes, plans and views live on.
fg_status fg_graph_free(fg_graph *graph);

// Opens a channel, which carries nothing before it has a policy. Queries see it with the next fg_graph_publish.
// Any thread; waits for other changes.
fg_status fg_graph_open_channel(const fg_graph *graph, const fg_channel *channel, fg_error *error);

// Closes a channel. Queries see it at once where the channel is as old as the graph's generation, else with the next
// fg_graph_publish. Any thread; waits for other changes.
fg_status fg_graph_close_channel(const fg_graph *graph, uint64_t short_channel_id, fg_error *error);

// Replaces the policy of a direction (0: from node_id_1, 1: from node_id_2), whatever its age. Queries see it at once
// where the channel is as old as the graph's generation, else with the next fg_graph_publish. Any thread; waits for
// other changes.
fg_status fg_graph_set_policy(const fg_graph *graph, uint64_t short_channel_id, uint32_t direction,
    const fg_policy *policy, fg_error *error);

// Shows all changes to the queries that begin from now on, and does what the graph needs done from time to time: call
// it after each batch of changes, or some times a second. `version`, which may be null, is told the newest version.
// Any thread; waits for other changes.
fg_status fg_graph_publish(const fg_graph *graph, uint64_t *version, fg_error *error);

// Applies a gossip message as it came from a peer, its type included. The message is trusted: the caller has verified
// its signatures, has found its channel on the chain, whose `capacity_msat` only a channel_announcement needs (FG_NONE
// where it is not known), and drops updates that are older than the last one. `gossip`, which may be null, is told what
// it was. Any thread; waits for other changes.
fg_status fg_graph_apply_gossip(const fg_graph *graph, const uint8_t *message, size_t size, uint64_t capacity_msat,
    fg_gossip *gossip, fg_error *error);

// The same, where nothing was verified: checks the signatures, the chain (`chain_hash`: 32 bytes, null for Bitcoin's
// main chain) and that a channel_update is newer than the published policy. A message of a channel that is not published
// is FG_UNKNOWN_CHANNEL. That the channel is on the chain, with that capacity, is still the caller's to find out. Takes
// some 40 microseconds a signature, for which nobody waits. Any thread.
fg_status fg_graph_verify_gossip(const fg_graph *graph, const uint8_t *message, size_t size, const uint8_t *chain_hash,
    uint64_t capacity_msat, fg_gossip *gossip, fg_error *error);

// Takes a view of what is published. It keeps the memory of its generation: free it soon, with fg_view_free. Any
// thread.
fg_status fg_graph_view(const fg_graph *graph, fg_view **view, fg_error *error);

// How many nodes there are; 0 for a bad handle. Any thread.
size_t fg_view_node_count(const fg_view *view);

// How many channels there are, closed ones included; 0 for a bad handle. Any thread.
size_t fg_view_channel_count(const fg_view *view);

// Tells the id of a node. Any thread.
fg_status fg_view_node(const fg_view *view, size_t index, fg_node_id *node_id, fg_error *error);

// Tells of a channel. Any thread.
fg_status fg_view_channel(const fg_view *view, size_t index, fg_channel *channel, fg_error *error);

// Tells the policy of a channel's direction (0 or 1); FG_UNKNOWN_CHANNEL where it has none. Any thread.
fg_status fg_view_policy(const fg_view *view, size_t index, uint32_t direction, fg_policy *policy, fg_error *error);

// Finds a node's number; FG_UNKNOWN_NODE where it is not there. Any thread.
fg_status fg_view_find_node(const fg_view *view, const fg_node_id *node_id, size_t *index, fg_error *error);

// Finds an open channel's number; FG_UNKNOWN_CHANNEL where it is not there. Any thread.
fg_status fg_view_find_channel(const fg_view *view, uint64_t short_channel_id, size_t *index, fg_error *error);

// Frees a view; null is fine.
fg_status fg_view_free(fg_view *view);

// Fills in the defaults, all but payer, payee and amount. `size` is sizeof(fg_query). Any thread.
fg_status fg_query_init(fg_query *query, size_t size);

// As fg_query_init, with the ends as 66 hexadecimal digits and the amount.
fg_status fg_query_init_hex(fg_query *query, size_t size, const char *payer, const char *payee, uint64_t amount_msat,
    fg_error *error);

// Finds the cheapest route in what is published. Free it with fg_route_free. Any number of threads; takes no lock.
fg_status fg_find_route(const fg_graph *graph, const fg_query *query, fg_route **route, fg_error *error);

// Finds the `capacity` cheapest routes, the cheapest first, and tells how many there are; the other places of `routes`
// become null. Free each with fg_route_free. Any number of threads.
fg_status fg_find_alternatives(const fg_graph *graph, const fg_query *query, fg_route **routes, size_t capacity,
    size_t *count, fg_error *error);

// Finds up to `capacity` routes that share no channel but, where there is no other way, the first and the last; else as
// fg_find_alternatives.
fg_status fg_find_diverse(const fg_graph *graph, const fg_query *query, fg_route **routes, size_t capacity,
    size_t *count, fg_error *error);

// Answers `count` queries, which lie behind one another and have one struct_size, on all processors. `routes` has room
// for as many handles: null where `errors` says why there is none; `errors` has room for as many, or is null. Free each
// route with fg_route_free. The status tells whether the queries were asked, not what was answered. Any number of
// threads.
fg_status fg_find_batch(const fg_graph *graph, const fg_query *queries, size_t count, fg_route **routes,
    fg_error *errors, fg_error *error);

// Tells the largest HTLC that any single path could carry if every channel's funds were on the right side. Any number
// of threads.
fg_status fg_find_widest(const fg_graph *graph, const fg_query *query, uint64_t *amount_msat, fg_error *error);

// Tells what a route is. `size` is sizeof(fg_route_info). Any thread.
fg_status fg_route_get_info(const fg_route *route, fg_route_info *info, size_t size, fg_error *error);

// How many hops there are; 0 for a bad handle. Any thread.
size_t fg_route_hop_count(const fg_route *route);

// Tells of one hop; the payer's is 0. Any thread.
fg_status fg_route_hop(const fg_route *route, size_t index, fg_hop *hop, fg_error *error);

// Copies the hops, at most `capacity` of them; `count`, which may be null, is told how many were copied. Any thread.
fg_status fg_route_hops(const fg_route *route, fg_hop *hops, size_t capacity, size_t *count, fg_error *error);

// Lends the route as FlatBuffers bytes of schemas/answer.fbs, which live as long as the route. Equal routes have equal
// bytes. They are made at the first call. Any thread.
fg_status fg_route_bytes(const fg_route *route, const uint8_t **bytes, size_t *size, fg_error *error);

// Frees a route; null is fine.
fg_status fg_route_free(fg_route *route);

// Splits a payment as the query's cost likes it best. Free the plan with fg_plan_free. Any number of threads.
fg_status fg_find_plan(const fg_graph *graph, const fg_query *query, fg_plan **plan, fg_error *error);

// Finds the cheapest plans from the likeliest to the cheapest, at most `capacity` of them, and tells how many there
// are; the other places of `plans` become null. Free each with fg_plan_free. Any number of threads.
fg_status fg_find_plan_frontier(const fg_graph *graph, const fg_query *query, fg_plan **plans, size_t capacity,
    size_t *count, fg_error *error);

// Tells the most that all paths together can carry from payer to payee, fees aside; the query's amount counts for
// nothing, but may not be 0. Any number of threads.
fg_status fg_find_most_sendable(const fg_graph *graph, const fg_query *query, uint64_t *amount_msat, fg_error *error);

// Tells what a plan is. `size` is sizeof(fg_plan_info). Any thread.
fg_status fg_plan_get_info(const fg_plan *plan, fg_plan_info *info, size_t size, fg_error *error);

// Tells of one part; the largest is 0. `size` is sizeof(fg_part_info). Any thread.
fg_status fg_plan_part(const fg_plan *plan, size_t index, fg_part_info *info, size_t size, fg_error *error);

// Copies a part's hops, at most `capacity` of them; `count`, which may be null, is told how many were copied. Any
// thread.
fg_status fg_plan_hops(const fg_plan *plan, size_t index, fg_hop *hops, size_t capacity, size_t *count,
    fg_error *error);

// Lends the plan as FlatBuffers bytes of schemas/answer.fbs, which live as long as the plan. Any thread.
fg_status fg_plan_bytes(const fg_plan *plan, const uint8_t **bytes, size_t *size, fg_error *error);

// Frees a plan; null is fine.
fg_status fg_plan_free(fg_plan *plan);

// Makes beliefs that know nothing yet. A lower bound halves in `carried_half_life` seconds, an upper one in
// `refused_half_life`; 0 is never, FG_NONE_32 the default (a day, and six hours). Free them with fg_beliefs_free.
fg_status fg_beliefs_new(const fg_graph *graph, uint32_t carried_half_life, uint32_t refused_half_life,
    fg_beliefs **beliefs, fg_error *error);

// Learns from an attempt along a route that ended at `now`, in seconds since 1970. `outcome` is an fg_outcome; for
// FG_OUTCOME_FAILED, `erring_node` (0: the payer, hop count: the payee) sent the BOLT 4 `failure_code`. `advice`, which
// may be null, is told what to do about it. Any thread.
fg_status fg_beliefs_learn(const fg_beliefs *beliefs, const fg_route *route, uint32_t outcome, size_t erring_node,
    uint32_t failure_code, uint32_t now, fg_advice *advice, fg_error *error);

// Learns the balance that an own channel has in a direction (0 or 1) at `now`. Any thread.
fg_status fg_beliefs_learn_balance(const fg_beliefs *beliefs, uint64_t short_channel_id, uint32_t direction,
    uint64_t balance_msat, uint32_t now, fg_error *error);

// Tells the least and the greatest balance that a channel is believed to have in a direction (0 or 1) at `now`. Any
// thread.
fg_status fg_beliefs_bounds(const fg_beliefs *beliefs, uint64_t short_channel_id, uint32_t direction, uint32_t now,
    uint64_t *lower_msat, uint64_t *upper_msat, fg_error *error);

// Carries the beliefs over to the channels that the graph has now; a query does so by itself where it must. Channels that
// opened since the graph's last generation have no place yet. Any thread.
fg_status fg_beliefs_follow(const fg_beliefs *beliefs, const fg_graph *graph, fg_error *error);

// Frees beliefs; null is fine.
fg_status fg_beliefs_free(fg_beliefs *beliefs);

// Lends a buffer's bytes, which live as long as the buffer. Any thread.
fg_status fg_buffer_bytes(const fg_buffer *buffer, const uint8_t **bytes, size_t *size, fg_error *error);

// Frees a buffer; null is fine.
fg_status fg_buffer_free(fg_buffer *buffer);

// Takes over beliefs in an fg_beliefs_format, beside those that are known. `known` and `unknown`, which may be null,
// are told how many statements were and were not of channels of the graph. What was read before an error stays.
// `now`, in seconds since 1970, is for statements without a time. Any thread.
fg_status fg_beliefs_read(const fg_beliefs *beliefs, uint32_t format, const uint8_t *bytes, size_t size, uint32_t now,
    uint64_t *known, uint64_t *unknown, fg_error *error);

// Writes what is believed in an fg_beliefs_format. Free the buffer with fg_buffer_free. Any thread.
fg_status fg_beliefs_write(const fg_beliefs *beliefs, uint32_t format, fg_buffer **buffer, fg_error *error);

// Makes a place for layers, of which there are none yet. Free it with fg_layers_free.
fg_status fg_layers_new(fg_layers **layers, fg_error *error);

// Takes layers in the JSON of askrene-listlayers; each replaces the one of its name. All or none. Any thread.
fg_status fg_layers_read(const fg_layers *layers, const uint8_t *bytes, size_t size, fg_error *error);

// Writes all layers in the JSON of askrene-listlayers. Free the buffer with fg_buffer_free. Any thread.
fg_status fg_layers_write(const fg_layers *layers, fg_buffer **buffer, fg_error *error);

// Removes a layer. Queries that run keep it. Any thread.
fg_status fg_layers_remove(const fg_layers *layers, const char *layer, fg_error *error);

// Frees layers; null is fine.
fg_status fg_layers_free(fg_layers *layers);

// Adds a channel that only the layer knows; `capacity_msat` must be known. It carries payments in the directions that
// fg_layers_update_channel gives a policy. This and the edits below make a layer that is not there, cost a copy of the
// layer, and show in the queries that begin from now on. Any thread.
fg_status fg_layers_create_channel(const fg_layers *layers, const char *layer, const fg_channel *channel,
    fg_error *error);

// Replaces the policy of a direction; bLIP-18's fees and `last_update` stay the graph's. Any thread.
fg_status fg_layers_update_channel(const fg_layers *layers, const char *layer, uint64_t short_channel_id,
    uint32_t direction, const fg_policy *policy, fg_error *error);

// Makes a direction dearer (down to -100) or cheaper (up to 100); 0 forgets it. Any thread.
fg_status fg_layers_bias_channel(const fg_layers *layers, const char *layer, uint64_t short_channel_id,
    uint32_t direction, int32_t bias, uint32_t now, fg_error *error);

// Notes how an attempt to send an amount over a direction ended, an fg_inform. Any thread.
fg_status fg_layers_inform_channel(const fg_layers *layers, const char *layer, uint64_t short_channel_id,
    uint32_t direction, uint64_t amount_msat, uint32_t inform, uint32_t now, fg_error *error);

// Disables a direction. Any thread.
fg_status fg_layers_disable_channel(const fg_layers *layers, const char *layer, uint64_t short_channel_id,
    uint32_t direction, fg_error *error);

// Disables all channels of a node. Any thread.
fg_status fg_layers_disable_node(const fg_layers *layers, const char *layer, const fg_node_id *node_id,
    fg_error *error);

// Makes a book in which nothing is in flight. Free it with fg_reservations_free.
fg_status fg_reservations_new(fg_reservations **reservations, fg_error *error);

// Reserves what the HTLCs of a route carry, from `now`, in seconds since 1970; `id` is told what releases it. Queries
// that begin from now on see it. Any thread.
fg_status fg_reservations_add_route(const fg_reservations *reservations, const fg_route *route, uint32_t now,
    uint64_t *id, fg_error *error);

// Releases what was reserved, once. Any thread.
fg_status fg_reservations_release(const fg_reservations *reservations, uint64_t id, fg_error *error);

// Tells what is in flight over a direction (0 or 1) of a channel, and in how many HTLCs. Any thread.
fg_status fg_reservations_get(const fg_reservations *reservations, uint64_t short_channel_id, uint32_t direction,
    uint64_t *amount_msat, uint32_t *htlc_count, fg_error *error);

// Frees the book; null is fine.
fg_status fg_reservations_free(fg_reservations *reservations);

// As fg_beliefs_learn, of one part of a plan. What other parts held in the same channels at that time is not taken
// into account.
fg_status fg_beliefs_learn_part(const fg_beliefs *beliefs, const fg_plan *plan, size_t index, uint32_t outcome,
    size_t erring_node, uint32_t failure_code, uint32_t now, fg_advice *advice, fg_error *error);

// As fg_reservations_add_route, of one part of a plan.
fg_status fg_reservations_add_part(const fg_reservations *reservations, const fg_plan *plan, size_t index, uint32_t now,
    uint64_t *id, fg_error *error);

// Fills in the defaults, all but hash, seed and block height. `size` is sizeof(fg_payment). Any thread.
fg_status fg_payment_init(fg_payment *payment, size_t size);

// Builds the onion of a route. Free it with fg_onions_free. Any number of threads.
fg_status fg_route_onion(const fg_route *route, const fg_payment *payment, fg_onions **onions, fg_error *error);

// Builds the onions of a plan, one for each part. Free them with fg_onions_free. Any number of threads.
fg_status fg_plan_onions(const fg_plan *plan, const fg_payment *payment, fg_onions **onions, fg_error *error);

// How many packets there are; 0 for a bad handle. Any thread.
size_t fg_onions_count(const fg_onions *onions);

// Tells of one packet; the plan's first part has 0. `size` is sizeof(fg_packet). Any thread.
fg_status fg_onions_packet(const fg_onions *onions, size_t index, fg_packet *packet, size_t size, fg_error *error);

// Reads the `reason` of an update_fail_htlc that came back for a packet: which node erred (1 is the first behind the
// payer, as fg_beliefs_learn has it; FG_NONE where nobody can be told) and its failure code (0 where it is not to be
// read). Any thread.
fg_status fg_onions_read_failure(const fg_onions *onions, size_t index, const uint8_t *reason, size_t size,
    uint64_t *erring_node, uint32_t *failure_code, fg_error *error);

// Frees onions; null is fine.
fg_status fg_onions_free(fg_onions *onions);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* FULGURITE_H */
