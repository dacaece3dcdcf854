"""Answers the payments of a file, one a line, with all that a route says: what the programs in C and Go print, too."""

import sys

from fulgurite import Graph, NoRoute, Query, Error
from fulgurite._ffi import NONE, lib


def main(graph_path: str, queries_path: str) -> None:
    with Graph.load(graph_path) as graph, open(queries_path, encoding="ascii") as queries:
        for line in queries:
            payer, payee, amount = line.split(",")
            try:
                route = graph.find_route(Query(payer, payee, int(amount)))
            except NoRoute as no:
                value = NONE if no.value_msat is None else no.value_msat
                print(no.status, getattr(lib, no.reason), value)
                continue
            except Error as error:
                print(error.status, 0, NONE)
                continue
            hops = [f"{hop.short_channel_id}:{hop.direction}:{hop.amount_msat}:{hop.cltv}" for hop in route.hops]
            print("FG_OK", route.fee_msat, route.cltv, *hops, route.to_bytes().hex())


if __name__ == "__main__":
    main(*sys.argv[1:])
