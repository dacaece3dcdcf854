"""Payment routing and pathfinding for the Lightning Network.

    from fulgurite import Graph, Query

    with Graph.load("graph.fgsn") as graph:
        route = graph.find_route(Query(payer, payee, 1_000_000))
        print(route.fee_msat, [hop.short_channel_id for hop in route.hops])

Node ids are 33 bytes or 66 hexadecimal digits, amounts millisatoshi. What holds memory of the library (`Graph`, `View`,
`Beliefs`, `Layers`, ...) is a context manager and may be closed; routes and plans are plain values. A graph may be queried
from any number of threads: the library runs without the interpreter's lock.
"""

from ._answers import Advice, Failure, Hop, Onion, Part, Payment, Plan, Route
from ._beliefs import Beliefs, BeliefsFormat, Outcome
from ._ffi import Error, NoRoute, abi_version, version
from ._graph import Channel, Format, Graph, Gossip, Info, View
from ._layers import Inform, Layers, Reservations
from ._log import LogLevel, set_log
from ._query import Cancel, Cost, ExtraArc, Policy, Query

__all__ = [
    "Advice", "Beliefs", "BeliefsFormat", "Cancel", "Channel", "Cost", "Error", "ExtraArc", "Failure", "Format",
    "Gossip", "Graph", "Hop", "Info", "Inform", "Layers", "LogLevel", "NoRoute", "Onion", "Outcome", "Part", "Payment", "Plan",
    "Policy", "Query", "Reservations", "Route", "View",
    "abi_version", "set_log", "version",
]
