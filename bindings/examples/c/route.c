#include <fulgurite.h>
#include <stdio.h>
int main(int argc, char **argv) {
    fg_graph *graph; fg_route *route; fg_query query; fg_route_info info; fg_error error;
    if (argc != 4 || fg_graph_load(argv[1], &graph, &error)) return 1;
    if (fg_query_init_hex(&query, sizeof query, argv[2], argv[3], 1000000, &error)) return 2;
    if (fg_find_route(graph, &query, &route, &error)) return puts(error.message), 3;
    if (fg_route_get_info(route, &info, sizeof info, &error)) return 4;
    printf("%lu msat over %lu channels\n", (unsigned long)info.fee_msat, (unsigned long)info.hop_count);
    return fg_route_free(route) || fg_graph_free(graph); }
