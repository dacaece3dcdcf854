/* Walks over the whole surface, rightly and wrongly, and frees all it makes: run under valgrind and AddressSanitizer.
 *
 *     surface FOLDER GRAPH PAYER PAYEE REASON
 *
 * FOLDER is one that files may be written to; REASON is what the second node of a payment fails it with. */
#include <fulgurite.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not in the header: the library under test is built with it. */
fg_status fg_force_panic(fg_error *error);

static int line_count = 0;

#define CHECK(holds)                                                        \
    do {                                                                    \
        if (!(holds)) {                                                     \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds);     \
            exit(1);                                                        \
        }                                                                   \
    } while (0)

#define OK(call)                                                                                            \
    do {                                                                                                    \
        fg_error told;                                                                                      \
        error = &told;                                                                                      \
        if ((call) != FG_OK) {                                                                              \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, told.message);                    \
            exit(1);                                                                                        \
        }                                                                                                   \
        error = NULL;                                                                                       \
    } while (0)

static fg_error *error;

static void count_lines(uint32_t level, const char *message, void *user) {
    CHECK(level >= FG_LOG_ERROR && level <= FG_LOG_INFO && strlen(message) > 0 && user == &line_count);
    line_count++;
}

static void node(fg_node_id *node_id, uint8_t last) {
    memset(node_id->bytes, 0, sizeof node_id->bytes);
    node_id->bytes[0] = 2;
    node_id->bytes[32] = last;
}

static void versions(void) {
    CHECK(fg_abi_version() == (FG_ABI_MAJOR << 16 | FG_ABI_MINOR));
    CHECK(fg_abi_fits(FG_ABI_MAJOR, FG_ABI_MINOR));
    CHECK(!fg_abi_fits(FG_ABI_MAJOR + 1, 0) && !fg_abi_fits(FG_ABI_MAJOR, FG_ABI_MINOR + 1));
    CHECK(strlen(fg_version()) >= 5);
    CHECK(strcmp(fg_status_name(FG_NO_ROUTE), "FG_NO_ROUTE") == 0);
    CHECK(strcmp(fg_status_name(-1), "unknown") == 0);
}

static void panics_stop_at_the_border(void) {
    fg_error told;
    CHECK(fg_force_panic(&told) == FG_PANIC);
    CHECK(told.status == FG_PANIC && strcmp(told.message, "panicked: forced, for a test") == 0);
    CHECK(fg_force_panic(NULL) == FG_PANIC);
}

/* Three nodes in a row, each a channel from the next. */
static void small_graph(const char *folder) {
    fg_graph *graph, *again;
    fg_graph_info info;
    fg_query query;
    fg_route *route;
    fg_hop hop;
    fg_policy policy;
    fg_error told;
    char path[512];
    uint64_t version = 0;
    uint32_t at;
    OK(fg_graph_new(&graph, error));
    for (at = 0; at < 2; at++) {
        fg_channel channel;
        memset(&channel, 0, sizeof channel);
        channel.short_channel_id = 7 + at;
        channel.capacity_msat = 1000000000;
        node(&channel.node_id_1, (uint8_t)(1 + at));
        node(&channel.node_id_2, (uint8_t)(2 + at));
        OK(fg_graph_open_channel(graph, &channel, error));
        CHECK(fg_graph_open_channel(graph, &channel, &told) == FG_BAD_UPDATE);
    }
    memset(&policy, 0, sizeof policy);
    policy.htlc_maximum_msat = 900000000;
    policy.fee_base_msat = 1000;
    policy.cltv_expiry_delta = 40;
    OK(fg_graph_set_policy(graph, 7, 0, &policy, error));
    OK(fg_graph_set_policy(graph, 8, 0, &policy, error));
    CHECK(fg_graph_set_policy(graph, 9, 0, &policy, &told) == FG_UNKNOWN_CHANNEL);
    CHECK(fg_graph_set_policy(graph, 8, 2, &policy, &told) == FG_BAD_ARGUMENT);
    OK(fg_graph_publish(graph, &version, error));
    OK(fg_graph_get_info(graph, &info, sizeof info, error));
    CHECK(info.node_count == 3 && info.channel_count == 2 && info.version == version && version > 0);

    CHECK(fg_query_init(&query, sizeof query) == FG_OK);
    CHECK(fg_query_init(&query, 8) == FG_BAD_ARGUMENT && fg_query_init(NULL, sizeof query) == FG_BAD_ARGUMENT);
    node(&query.payer, 1);
    node(&query.payee, 3);
    query.amount_msat = 100000;
    OK(fg_find_route(graph, &query, &route, error));
    CHECK(fg_route_hop_count(route) == 2);
    OK(fg_route_hop(route, 0, &hop, error));
    CHECK(hop.short_channel_id == 7 && hop.direction == 0 && hop.amount_msat == 101000 && hop.fee_msat == 1000);
    CHECK(hop.cltv == 58 && fg_route_hop(route, 2, &hop, &told) == FG_BAD_ARGUMENT && told.position == 2);
    CHECK(fg_route_free(route) == FG_OK && fg_route_free(route) == FG_BAD_HANDLE);
    CHECK(fg_route_hop_count(route) == 0 && fg_route_hop(route, 0, &hop, &told) == FG_BAD_HANDLE);

    query.amount_msat = 950000000;
    CHECK(fg_find_route(graph, &query, &route, &told) == FG_NO_ROUTE && route == NULL);
    CHECK(told.reason == FG_REASON_PAYER_CANNOT_SEND && told.value_msat == 900000000);

    snprintf(path, sizeof path, "%s/small.fgsn", folder);
    for (at = FG_FORMAT_SNAPSHOT; at <= FG_FORMAT_LND_JSON; at++) {
        OK(fg_graph_save(graph, path, at, error));
        OK(fg_graph_load(path, &again, error));
        OK(fg_graph_get_info(again, &info, sizeof info, error));
        CHECK(info.node_count == 3 && info.channel_count == 2);
        CHECK(fg_graph_free(again) == FG_OK);
    }
    CHECK(fg_graph_save(graph, path, 9, &told) == FG_BAD_ARGUMENT);
    CHECK(fg_graph_save(graph, "/nowhere/at/all", FG_FORMAT_CSV, &told) == FG_IO);
    CHECK(fg_graph_load("/nowhere/at/all", &again, &told) == FG_IO && again == NULL);
    CHECK(fg_graph_read((const uint8_t *)"scid,node1\n", 11, &again, &told) == FG_BAD_INPUT && again == NULL);
    CHECK(fg_graph_read(NULL, 0, &again, &told) == FG_BAD_INPUT);
    CHECK(fg_graph_read(NULL, 1, &again, &told) == FG_BAD_ARGUMENT);

    OK(fg_graph_close_channel(graph, 8, error));
    OK(fg_graph_publish(graph, NULL, error));
    query.amount_msat = 100000;
    CHECK(fg_find_route(graph, &query, &route, &told) == FG_NO_ROUTE);
    CHECK(fg_graph_free(graph) == FG_OK && fg_graph_free(graph) == FG_BAD_HANDLE && fg_graph_free(NULL) == FG_OK);
}

static void gossip(void) {
    fg_graph *graph;
    fg_graph_info info;
    fg_gossip kind;
    fg_error told;
    uint8_t chain[32] = {0}, announced[2 + 256 + 2 + 32 + 8 + 4 * 33], update[2 + 64 + 32 + 8 + 4 + 2 + 2 + 8 + 4 + 4 + 8];
    memset(announced, 0, sizeof announced);
    announced[0] = 1;
    announced[2 + 256 + 2 + 32 + 7] = 5;
    announced[300] = 2;
    announced[333] = 3;
    memset(update, 0, sizeof update);
    update[0] = 1;
    update[1] = 2;
    update[98 + 7] = 5;
    update[110] = 1;
    update[132] = 1;
    OK(fg_graph_new(&graph, error));
    OK(fg_graph_apply_gossip(graph, announced, sizeof announced, 5000000, &kind, error));
    CHECK(kind == FG_GOSSIP_CHANNEL_ANNOUNCEMENT);
    OK(fg_graph_apply_gossip(graph, update, sizeof update, FG_NONE, &kind, error));
    CHECK(kind == FG_GOSSIP_CHANNEL_UPDATE);
    OK(fg_graph_apply_gossip(graph, (const uint8_t *)"\1\11", 2, FG_NONE, &kind, error));
    CHECK(kind == FG_GOSSIP_SKIPPED);
    CHECK(fg_graph_apply_gossip(graph, announced, 100, FG_NONE, NULL, &told) == FG_BAD_INPUT && told.position == 100);
    CHECK(fg_graph_verify_gossip(graph, announced, sizeof announced, chain, 1, &kind, &told) == FG_BAD_SIGNATURE);
    CHECK(kind == FG_GOSSIP_SKIPPED);
    CHECK(fg_graph_verify_gossip(graph, announced, sizeof announced, NULL, 1, &kind, &told) == FG_BAD_INPUT);
    CHECK(fg_graph_verify_gossip(graph, NULL, 3, NULL, 1, NULL, &told) == FG_BAD_ARGUMENT);
    OK(fg_graph_verify_gossip(graph, (const uint8_t *)"\1\11", 2, NULL, FG_NONE, NULL, error));
    OK(fg_graph_publish(graph, NULL, error));
    OK(fg_graph_get_info(graph, &info, sizeof info, error));
    CHECK(info.node_count == 2 && info.channel_count == 1);
    CHECK(fg_graph_free(graph) == FG_OK);
}

static void looks_through(const fg_graph *graph, const fg_node_id *payer) {
    fg_view *view;
    fg_channel channel;
    fg_node_id node_id;
    fg_policy policy;
    fg_error told;
    char digits[67];
    size_t at, found, policies = 0;
    OK(fg_graph_view(graph, &view, error));
    for (at = 0; at < fg_view_channel_count(view); at++) {
        OK(fg_view_channel(view, at, &channel, error));
        if (fg_view_policy(view, at, 1, &policy, &told) == FG_OK) policies++;
        else CHECK(told.status == FG_UNKNOWN_CHANNEL);
        OK(fg_view_find_channel(view, channel.short_channel_id, &found, error));
        CHECK(found == at);
    }
    CHECK(policies > 0 && fg_view_channel(view, at, &channel, &told) == FG_BAD_ARGUMENT && told.position == at);
    OK(fg_view_find_node(view, payer, &found, error));
    OK(fg_view_node(view, found, &node_id, error));
    CHECK(memcmp(&node_id, payer, sizeof node_id) == 0);
    OK(fg_node_id_format(&node_id, digits, error));
    OK(fg_node_id_parse(digits, &node_id, error));
    CHECK(memcmp(&node_id, payer, sizeof node_id) == 0);
    CHECK(fg_node_id_parse("02zz", &node_id, &told) == FG_BAD_ARGUMENT);
    CHECK(fg_view_node(view, fg_view_node_count(view), &node_id, &told) == FG_BAD_ARGUMENT);
    CHECK(fg_view_free(view) == FG_OK && fg_view_node_count(view) == 0);
}

static void queries(const fg_graph *graph, fg_query query) {
    enum { COUNT = 5 };
    fg_route *routes[COUNT], *route;
    fg_query batch[COUNT];
    fg_error errors[COUNT], told;
    fg_cancel *cancel;
    fg_hop hops[64];
    fg_first_channel first;
    uint64_t most;
    const uint8_t *bytes, *more;
    size_t count, at, size, more_size;
    OK(fg_find_alternatives(graph, &query, routes, COUNT, &count, error));
    CHECK(count > 1);
    OK(fg_find_route(graph, &query, &route, error));
    OK(fg_route_bytes(route, &bytes, &size, error));
    OK(fg_route_bytes(routes[0], &more, &more_size, error));
    CHECK(size == more_size && size > 100 && memcmp(bytes + 4, "FGAN", 4) == 0);
    OK(fg_route_hops(route, hops, 64, &count, error));
    CHECK(count == fg_route_hop_count(route));
    for (at = 0; at < COUNT; at++) CHECK(fg_route_free(routes[at]) == FG_OK);
    OK(fg_find_diverse(graph, &query, routes, COUNT, &count, error));
    for (at = 0; at < COUNT; at++) CHECK((at < count) == (routes[at] != NULL) && fg_route_free(routes[at]) == FG_OK);

    for (at = 0; at < COUNT; at++) batch[at] = query;
    memset(&batch[1].payee, 0, sizeof batch[1].payee);
    node(&batch[2].payee, 77);
    batch[3].struct_size = 3;
    OK(fg_find_batch(graph, batch, COUNT, routes, errors, error));
    CHECK(errors[0].status == FG_OK && errors[1].status == FG_BAD_ARGUMENT && errors[2].status == FG_UNKNOWN_NODE);
    CHECK(errors[3].status == FG_BAD_ARGUMENT && errors[4].status == FG_OK && routes[1] == NULL);
    OK(fg_route_bytes(routes[4], &more, &more_size, error));
    CHECK(size == more_size && memcmp(bytes, more, size) == 0);
    for (at = 0; at < COUNT; at++) CHECK(fg_route_free(routes[at]) == FG_OK);
    OK(fg_find_batch(graph, NULL, 0, NULL, NULL, error));
    CHECK(fg_find_batch(graph, NULL, 1, routes, NULL, &told) == FG_BAD_ARGUMENT);

    first.short_channel_id = hops[0].short_channel_id;
    first.balance_msat = 1;
    query.first_channels = &first;
    query.first_channel_count = 1;
    query.avoid_nodes = &hops[0].node_id;
    query.avoid_node_count = 1;
    CHECK(fg_route_free(route) == FG_OK);
    CHECK(fg_find_route(graph, &query, &route, &told) == FG_NO_ROUTE && route == NULL);
    query.first_channels = NULL;
    query.first_channel_count = 0;
    query.avoid_node_count = 0;
    OK(fg_find_widest(graph, &query, &most, error));
    CHECK(most >= query.amount_msat);

    OK(fg_cancel_new(&cancel, error));
    query.cancel = cancel;
    CHECK(fg_cancel_set(cancel) == FG_OK);
    query.hop_count_max = 19;
    (void)fg_find_route(graph, &query, &route, &told);
    CHECK(told.status == FG_OK || told.status == FG_CANCELLED);
    CHECK(fg_route_free(route) == FG_OK && fg_cancel_clear(cancel) == FG_OK);
    OK(fg_find_route(graph, &query, &route, error));
    CHECK(fg_route_free(route) == FG_OK && fg_cancel_free(cancel) == FG_OK && fg_cancel_free(cancel) == FG_BAD_HANDLE);
    CHECK(fg_find_route(graph, &query, &route, &told) == FG_BAD_HANDLE);
}

static void plans(const fg_graph *graph, fg_query query) {
    fg_plan *plan, *frontier[4], *believed[4];
    fg_plan_info info;
    fg_part_info part;
    fg_hop hops[64];
    fg_beliefs *beliefs;
    fg_advice advice;
    fg_buffer *buffer;
    fg_error told;
    const uint8_t *bytes;
    uint64_t lower, upper, known, most, sum = 0;
    size_t size, at, count;
    OK(fg_find_most_sendable(graph, &query, &most, error));
    CHECK(most >= query.amount_msat);
    OK(fg_find_plan(graph, &query, &plan, error));
    OK(fg_plan_get_info(plan, &info, sizeof info, error));
    for (at = 0; at < info.part_count; at++) {
        OK(fg_plan_part(plan, at, &part, sizeof part, error));
        OK(fg_plan_hops(plan, at, hops, 64, &count, error));
        CHECK(count == part.hop_count && hops[count - 1].amount_msat == part.amount_msat);
        sum += part.amount_msat;
    }
    CHECK(sum == query.amount_msat && fg_plan_part(plan, at, &part, sizeof part, &told) == FG_BAD_ARGUMENT);
    OK(fg_plan_bytes(plan, &bytes, &size, error));
    OK(fg_find_plan_frontier(graph, &query, frontier, 4, &count, error));
    CHECK(count > 0);
    for (at = 0; at < 4; at++) CHECK(fg_plan_free(frontier[at]) == FG_OK);

    OK(fg_beliefs_new(graph, FG_NONE_32, FG_NONE_32, &beliefs, error));
    OK(fg_plan_hops(plan, 0, hops, 64, &count, error));
    OK(fg_beliefs_learn_part(beliefs, plan, 0, FG_OUTCOME_FAILED, 0, 0x1007, 1000, &advice, error));
    CHECK(advice.kind == FG_ADVICE_BELIEVE);
    OK(fg_beliefs_bounds(beliefs, hops[0].short_channel_id, hops[0].direction, 1000, &lower, &upper, error));
    CHECK(lower == 0 && upper < hops[0].amount_msat);
    OK(fg_beliefs_learn_part(beliefs, plan, 0, FG_OUTCOME_FAILED, 1, 0x400a, 1000, &advice, error));
    CHECK(count == 1 || (advice.kind == FG_ADVICE_AVOID_CHANNEL && advice.place == 1 && advice.permanent == 1));
    query.beliefs = beliefs;
    query.now = 1000;
    CHECK(fg_plan_free(plan) == FG_OK && fg_plan_free(plan) == FG_BAD_HANDLE);
    (void)fg_find_plan_frontier(graph, &query, believed, 4, &count, &told);
    CHECK(told.status == FG_OK || told.status == FG_NO_ROUTE);
    for (at = 0; at < 4; at++) CHECK(fg_plan_free(believed[at]) == FG_OK);
    OK(fg_find_most_sendable(graph, &query, &most, error));
    query.bimodal_scale_msat = 1000000;
    (void)fg_find_plan(graph, &query, &plan, &told);
    CHECK(told.status == FG_OK || told.status == FG_NO_ROUTE);
    CHECK(fg_plan_free(plan) == FG_OK);
    {
        fg_route *route;
        (void)fg_find_route(graph, &query, &route, &told);
        CHECK(told.status == FG_OK || told.status == FG_NO_ROUTE);
        CHECK(fg_route_free(route) == FG_OK);
    }
    OK(fg_beliefs_learn_balance(beliefs, hops[0].short_channel_id, hops[0].direction, 5000, 2000, error));
    OK(fg_beliefs_bounds(beliefs, hops[0].short_channel_id, hops[0].direction, 2000, &lower, &upper, error));
    CHECK(lower <= 5000 && upper >= 5000);
    CHECK(fg_beliefs_learn_balance(beliefs, 1, 0, 5000, 2000, &told) == FG_UNKNOWN_CHANNEL);
    OK(fg_beliefs_follow(beliefs, graph, error));
    for (at = FG_BELIEFS_OWN; at <= FG_BELIEFS_LDK_SCORES; at++) {
        OK(fg_beliefs_write(beliefs, (uint32_t)at, &buffer, error));
        OK(fg_buffer_bytes(buffer, &bytes, &size, error));
        OK(fg_beliefs_read(beliefs, (uint32_t)at, bytes, size, 2000, &known, NULL, error));
        CHECK(known > 0 || at == FG_BELIEFS_MISSION_CONTROL);
        CHECK(fg_beliefs_read(beliefs, (uint32_t)at, bytes, size - 1, 2000, NULL, NULL, &told) == FG_BAD_INPUT);
        CHECK(fg_buffer_free(buffer) == FG_OK && fg_buffer_bytes(buffer, &bytes, &size, &told) == FG_BAD_HANDLE);
    }
    CHECK(fg_beliefs_write(beliefs, 4, &buffer, &told) == FG_BAD_ARGUMENT && buffer == NULL);
    CHECK(fg_beliefs_free(beliefs) == FG_OK);
}

static void layers(const fg_graph *graph, fg_query query) {
    const char *names[2] = {"mine", "shortcut"};
    fg_layers *made, *again;
    fg_route *route;
    fg_hop hop, other;
    fg_channel channel;
    fg_policy policy;
    fg_buffer *buffer;
    fg_error told;
    const uint8_t *bytes;
    size_t size;
    OK(fg_layers_new(&made, error));
    OK(fg_find_route(graph, &query, &route, error));
    OK(fg_route_hop(route, 0, &hop, error));
    CHECK(fg_route_free(route) == FG_OK);
    query.layers = made;
    query.layer_names = names;
    query.layer_count = 1;
    CHECK(fg_find_route(graph, &query, &route, &told) == FG_BAD_ARGUMENT);
    OK(fg_layers_disable_channel(made, "mine", hop.short_channel_id, hop.direction, error));
    if (fg_find_route(graph, &query, &route, &told) == FG_OK) {
        OK(fg_route_hop(route, 0, &other, error));
        CHECK(other.short_channel_id != hop.short_channel_id && fg_route_free(route) == FG_OK);
    }
    /* A channel from payer to payee that is all but free. */
    memset(&channel, 0, sizeof channel);
    memset(&policy, 0, sizeof policy);
    channel.short_channel_id = 99;
    channel.capacity_msat = 100000000;
    channel.node_id_1 = query.payer;
    channel.node_id_2 = query.payee;
    policy.htlc_maximum_msat = 100000000;
    OK(fg_layers_create_channel(made, "shortcut", &channel, error));
    OK(fg_layers_update_channel(made, "shortcut", 99, 0, &policy, error));
    OK(fg_layers_update_channel(made, "shortcut", 99, 1, &policy, error));
    query.layer_count = 2;
    OK(fg_find_route(graph, &query, &route, error));
    OK(fg_route_hop(route, 0, &other, error));
    CHECK(fg_route_hop_count(route) == 1 && other.short_channel_id == 99 && fg_route_free(route) == FG_OK);
    OK(fg_layers_write(made, &buffer, error));
    OK(fg_buffer_bytes(buffer, &bytes, &size, error));
    OK(fg_layers_new(&again, error));
    OK(fg_layers_read(again, bytes, size, error));
    CHECK(fg_layers_read(again, bytes, size / 2, &told) == FG_BAD_INPUT);
    query.layers = again;
    OK(fg_find_route(graph, &query, &route, error));
    CHECK(fg_route_hop_count(route) == 1 && fg_route_free(route) == FG_OK);
    OK(fg_layers_bias_channel(again, "mine", hop.short_channel_id, hop.direction, -100, 7, error));
    CHECK(fg_layers_bias_channel(again, "mine", 7, 0, 1000, 7, &told) == FG_BAD_UPDATE);
    CHECK(fg_layers_bias_channel(again, "new", 7, 2, 1, 7, &told) == FG_BAD_ARGUMENT);
    OK(fg_layers_inform_channel(again, "mine", 99, 0, 50, FG_INFORM_CONSTRAINED, 7, error));
    OK(fg_layers_inform_channel(again, "mine", 99, 1, 50, FG_INFORM_CONSTRAINED, 7, error));
    CHECK(fg_layers_inform_channel(again, "mine", 99, 0, 50, 3, 7, &told) == FG_BAD_ARGUMENT);
    if (fg_find_route(graph, &query, &route, &told) == FG_OK) {
        CHECK(fg_route_hop_count(route) > 1 && fg_route_free(route) == FG_OK);
    }
    OK(fg_layers_disable_node(again, "mine", &query.payer, error));
    CHECK(fg_find_route(graph, &query, &route, &told) == FG_NO_ROUTE);
    OK(fg_layers_remove(again, "mine", error));
    CHECK(fg_layers_remove(again, "mine", &told) == FG_BAD_ARGUMENT);
    CHECK(fg_layers_remove(again, NULL, &told) == FG_BAD_ARGUMENT);
    CHECK(fg_buffer_free(buffer) == FG_OK && fg_layers_free(made) == FG_OK && fg_layers_free(again) == FG_OK);
    CHECK(fg_find_route(graph, &query, &route, &told) == FG_BAD_HANDLE && fg_layers_free(again) == FG_BAD_HANDLE);
}

static void reservations(const fg_graph *graph, fg_query query) {
    fg_reservations *book;
    fg_route *route, *other;
    fg_plan *plan;
    fg_hop hop;
    fg_error told;
    uint64_t ids[2], part, in_flight;
    uint32_t count;
    OK(fg_reservations_new(&book, error));
    query.reservations = book;
    OK(fg_find_route(graph, &query, &route, error));
    OK(fg_route_hop(route, 0, &hop, error));
    OK(fg_reservations_add_route(book, route, 10, &ids[0], error));
    OK(fg_reservations_add_route(book, route, 11, &ids[1], error));
    CHECK(ids[0] != ids[1]);
    OK(fg_reservations_get(book, hop.short_channel_id, hop.direction, &in_flight, &count, error));
    CHECK(in_flight == 2 * hop.amount_msat && count == 2);
    CHECK(fg_find_route(graph, &query, &other, &told) == FG_OK || told.status == FG_NO_ROUTE);
    CHECK(fg_route_free(other) == FG_OK);
    OK(fg_reservations_release(book, ids[0], error));
    CHECK(fg_reservations_release(book, ids[0], &told) == FG_BAD_ARGUMENT);
    OK(fg_reservations_release(book, ids[1], error));
    OK(fg_reservations_get(book, hop.short_channel_id, hop.direction, &in_flight, &count, error));
    CHECK(in_flight == 0 && count == 0);
    OK(fg_find_plan(graph, &query, &plan, error));
    OK(fg_reservations_add_part(book, plan, 0, 12, &part, error));
    CHECK(fg_reservations_add_part(book, plan, 99, 12, &part, &told) == FG_BAD_ARGUMENT && part == FG_NONE);
    CHECK(fg_reservations_get(book, 7, 2, &in_flight, &count, &told) == FG_BAD_ARGUMENT);
    CHECK(fg_plan_free(plan) == FG_OK && fg_route_free(route) == FG_OK);
    CHECK(fg_reservations_free(book) == FG_OK && fg_reservations_free(book) == FG_BAD_HANDLE);
}

static size_t from_hex(const char *digits, uint8_t *bytes, size_t capacity) {
    size_t at, size = strlen(digits) / 2;
    CHECK(size <= capacity);
    for (at = 0; at < size; at++) {
        unsigned int byte;
        CHECK(sscanf(digits + 2 * at, "%2x", &byte) == 1);
        bytes[at] = (uint8_t)byte;
    }
    return size;
}

static void failed(const fg_graph *graph, fg_query query, const char *digits) {
    fg_route *route;
    fg_onions *made;
    fg_payment payment;
    uint8_t secret[32] = {9}, reason[512];
    size_t size = from_hex(digits, reason, sizeof reason);
    uint64_t erring;
    uint32_t code;
    OK(fg_find_route(graph, &query, &route, error));
    CHECK(fg_payment_init(&payment, sizeof payment) == FG_OK);
    payment.session_seed[31] = 1;
    payment.block_height = 800000;
    payment.payment_secret = secret;
    OK(fg_route_onion(route, &payment, &made, error));
    OK(fg_onions_read_failure(made, 0, reason, size, &erring, &code, error));
    CHECK(erring == 2 && code == 0x2002);
    CHECK(fg_onions_free(made) == FG_OK && fg_route_free(route) == FG_OK);
}

static void onions(const fg_graph *graph, fg_query query) {
    fg_route *route;
    fg_beliefs *beliefs;
    fg_advice advice;
    fg_onions *made, *again;
    fg_packet packet, other;
    fg_payment payment;
    fg_error told;
    uint8_t secret[32] = {9}, reason[292] = {0};
    uint64_t erring;
    uint32_t code;
    fg_hop hop;
    OK(fg_find_route(graph, &query, &route, error));
    CHECK(fg_payment_init(&payment, sizeof payment) == FG_OK && fg_payment_init(&payment, 1) == FG_BAD_ARGUMENT);
    payment.payment_hash[0] = 1;
    payment.session_seed[0] = 2;
    payment.block_height = 800000;
    payment.payment_secret = secret;
    OK(fg_route_onion(route, &payment, &made, error));
    OK(fg_route_onion(route, &payment, &again, error));
    OK(fg_onions_packet(made, 0, &packet, sizeof packet, error));
    OK(fg_onions_packet(again, 0, &other, sizeof other, error));
    OK(fg_route_hop(route, 0, &hop, error));
    CHECK(packet.size == 1366 && memcmp(packet.bytes, other.bytes, packet.size) == 0);
    CHECK(packet.short_channel_id == hop.short_channel_id && packet.amount_msat == hop.amount_msat);
    CHECK(packet.cltv_expiry == 800000 + hop.cltv && fg_onions_count(made) == 1);
    CHECK(fg_onions_packet(made, 1, &packet, sizeof packet, &told) == FG_BAD_ARGUMENT);
    OK(fg_onions_read_failure(made, 0, reason, sizeof reason, &erring, &code, error));
    CHECK(erring == FG_NONE && code == 0);
    payment.custom_records = reason;
    payment.custom_records_size = 2;
    CHECK(fg_onions_free(again) == FG_OK && fg_route_onion(route, &payment, &again, &told) == FG_BAD_ARGUMENT);
    CHECK(fg_onions_free(made) == FG_OK && fg_onions_count(made) == 0);
    OK(fg_beliefs_new(graph, 0, 0, &beliefs, error));
    OK(fg_beliefs_learn(beliefs, route, FG_OUTCOME_SETTLED, 0, 0, 7, NULL, error));
    OK(fg_beliefs_learn(beliefs, route, FG_OUTCOME_UNREADABLE, 0, 0, 7, &advice, error));
    CHECK(advice.kind == FG_ADVICE_AVOID_ROUTE);
    CHECK(fg_beliefs_learn(beliefs, route, 9, 0, 0, 7, NULL, &told) == FG_BAD_ARGUMENT);
    CHECK(fg_beliefs_learn(beliefs, route, FG_OUTCOME_FAILED, 0, 70000, 7, NULL, &told) == FG_BAD_ARGUMENT);
    CHECK(fg_beliefs_free(beliefs) == FG_OK && fg_route_free(route) == FG_OK);
}

int main(int argc, char **argv) {
    fg_graph *graph;
    fg_query query;
    CHECK(argc == 6);
    OK(fg_set_log(count_lines, &line_count, FG_LOG_INFO, error));
    versions();
    panics_stop_at_the_border();
    small_graph(argv[1]);
    gossip();
    OK(fg_graph_load(argv[2], &graph, error));
    OK(fg_query_init_hex(&query, sizeof query, argv[3], argv[4], 1000000, error));
    looks_through(graph, &query.payer);
    queries(graph, query);
    layers(graph, query);
    reservations(graph, query);
    query.amount_msat = 20000000;
    plans(graph, query);
    query.amount_msat = 1000000;
    onions(graph, query);
    failed(graph, query, argv[5]);
    CHECK(fg_graph_free(graph) == FG_OK);
    CHECK(line_count > 3);
    OK(fg_set_log(NULL, NULL, 0, error));
    puts("all is well");
    return 0;
}
