/* Answers the payments of a file (payer,payee,amount_msat), one a line, with all that a route says. The same program is
 * written in Rust, Python and Go, and prints the same bytes. */
#include <fulgurite.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_route(const fg_route *route) {
    fg_route_info info;
    fg_hop *hops;
    const uint8_t *bytes;
    size_t at, size, count;
    fg_route_get_info(route, &info, sizeof info, NULL);
    printf("FG_OK %" PRIu64 " %" PRIu32, info.fee_msat, info.cltv);
    hops = malloc(info.hop_count * sizeof *hops);
    fg_route_hops(route, hops, info.hop_count, &count, NULL);
    for (at = 0; at < count; at++) {
        printf(" %" PRIu64 ":%" PRIu32 ":%" PRIu64 ":%" PRIu32, hops[at].short_channel_id, hops[at].direction,
               hops[at].amount_msat, hops[at].cltv);
    }
    free(hops);
    fg_route_bytes(route, &bytes, &size, NULL);
    putchar(' ');
    for (at = 0; at < size; at++) printf("%02x", bytes[at]);
    putchar('\n');
}

int main(int argc, char **argv) {
    fg_graph *graph;
    fg_error error;
    char line[256];
    FILE *file;
    if (argc != 3 || !fg_abi_fits(FG_ABI_MAJOR, FG_ABI_MINOR)) return 2;
    if (fg_graph_load(argv[1], &graph, &error) != FG_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    file = fopen(argv[2], "r");
    if (file == NULL) return 1;
    while (fgets(line, sizeof line, file) != NULL) {
        fg_query query;
        fg_route *route;
        char *payer = strtok(line, ","), *payee = strtok(NULL, ","), *amount = strtok(NULL, ",\n");
        if (amount == NULL) return 1;
        if (fg_query_init_hex(&query, sizeof query, payer, payee, strtoull(amount, NULL, 10), &error) != FG_OK) return 1;
        if (fg_find_route(graph, &query, &route, &error) == FG_OK) {
            print_route(route);
        } else {
            printf("%s %d %" PRIu64 "\n", fg_status_name(error.status), (int)error.reason, error.value_msat);
        }
        fg_route_free(route);
    }
    fclose(file);
    return fg_graph_free(graph) == FG_OK ? 0 : 1;
}
