"""Graphs: loaded, changed, asked, looked through."""

import dataclasses
import enum
import os
from typing import Any, Iterator, List, Optional, Sequence, Union

from ._answers import Plan, Route
from ._ffi import NONE, Error, Handle, NodeId, call, failure, ffi, lib, made, node_bytes, optional
from ._query import Policy, Query


class Format(enum.IntEnum):
    """A format that a graph is saved in."""

    SNAPSHOT = 0
    CSV = 1
    LND_JSON = 2


class Gossip(enum.IntEnum):
    """What became of a gossip message."""

    SKIPPED = 0
    CHANNEL_ANNOUNCEMENT = 1
    NODE_ANNOUNCEMENT = 2
    CHANNEL_UPDATE = 3
    STALE = 4


@dataclasses.dataclass(frozen=True)
class Channel:
    """A channel; `index` is its number in the view."""

    index: int
    short_channel_id: int
    node_id_1: bytes
    node_id_2: bytes
    capacity_msat: Optional[int]
    closed: bool


@dataclasses.dataclass(frozen=True)
class Info:
    """What a published graph holds."""

    #: Nodes that queries know.
    node_count: int
    #: Channels, closed ones included.
    channel_count: int
    #: Counts the publications.
    version: int


class Graph(Handle):
    """A channel graph that is searched while it changes, from any number of threads."""

    _free = "fg_graph_free"

    def __init__(self) -> None:
        super().__init__(made(lib.fg_graph_new, "fg_graph"))

    @classmethod
    def load(cls, path: Union[str, "os.PathLike[str]"]) -> "Graph":
        """Loads a graph of any known format."""
        return cls._of(made(lib.fg_graph_load, "fg_graph", os.fsencode(path)))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Graph":
        """The same from memory."""
        return cls._of(made(lib.fg_graph_read, "fg_graph", ffi.from_buffer("uint8_t[]", data), len(data)))

    @classmethod
    def _of(cls, handle: Any) -> "Graph":
        graph = cls.__new__(cls)
        Handle.__init__(graph, handle)
        return graph

    def save(self, path: Union[str, "os.PathLike[str]"], format: Format = Format.SNAPSHOT) -> None:
        """Writes the graph to a file, which appears whole or not at all."""
        call(lib.fg_graph_save, self.handle, os.fsencode(path), int(format))

    def open_channel(
        self, short_channel_id: int, node_id_1: NodeId, node_id_2: NodeId, capacity_msat: Optional[int] = None
    ) -> None:
        """Opens a channel. Queries see it with the next `publish`."""
        channel = ffi.new("fg_channel *")
        channel.short_channel_id = short_channel_id
        channel.capacity_msat = NONE if capacity_msat is None else capacity_msat
        channel.node_id_1.bytes, channel.node_id_2.bytes = node_bytes(node_id_1), node_bytes(node_id_2)
        call(lib.fg_graph_open_channel, self.handle, channel)

    def close_channel(self, short_channel_id: int) -> None:
        """Closes a channel."""
        call(lib.fg_graph_close_channel, self.handle, short_channel_id)

    def set_policy(self, short_channel_id: int, direction: int, policy: Policy) -> None:
        """Replaces the policy of a direction, whatever its age."""
        value = ffi.new("fg_policy *")
        policy.fill(value)
        call(lib.fg_graph_set_policy, self.handle, short_channel_id, direction, value)

    def apply_gossip(self, message: bytes, capacity_msat: Optional[int] = None) -> Gossip:
        """Applies a gossip message of BOLT 7, which is trusted."""
        kind = ffi.new("fg_gossip *")
        capacity = NONE if capacity_msat is None else capacity_msat
        data = ffi.from_buffer("uint8_t[]", message)
        call(lib.fg_graph_apply_gossip, self.handle, data, len(message), capacity, kind)
        return Gossip(int(ffi.cast("int", kind[0])))

    def verify_gossip(
        self, message: bytes, capacity_msat: Optional[int] = None, chain_hash: Optional[bytes] = None
    ) -> Gossip:
        """The same for a message of a stranger: checks its signatures, its chain, and that it is news."""
        if chain_hash is not None and len(chain_hash) != 32:
            raise ValueError(f"chain_hash has 32 bytes, this has {len(chain_hash)}")
        kind = ffi.new("fg_gossip *")
        capacity = NONE if capacity_msat is None else capacity_msat
        data = ffi.from_buffer("uint8_t[]", message)
        chain = ffi.NULL if chain_hash is None else ffi.from_buffer("uint8_t[]", chain_hash)
        call(lib.fg_graph_verify_gossip, self.handle, data, len(message), chain, capacity, kind)
        return Gossip(int(ffi.cast("int", kind[0])))

    def publish(self) -> int:
        """Shows all changes to the queries that begin from now on; returns the version."""
        version = ffi.new("uint64_t *")
        call(lib.fg_graph_publish, self.handle, version)
        return version[0]

    def info(self) -> Info:
        """What the published graph holds."""
        info = ffi.new("fg_graph_info *")
        call(lib.fg_graph_get_info, self.handle, info, ffi.sizeof("fg_graph_info"))
        return Info(info.node_count, info.channel_count, info.version)

    def view(self) -> "View":
        """The published graph of one moment."""
        return View(made(lib.fg_graph_view, "fg_view", self.handle))

    def find_route(self, query: Query) -> Route:
        """The cheapest route; raises `NoRoute` where there is none."""
        asked = ffi.new("fg_query *")
        kept = query.fill(asked)
        route = Route(made(lib.fg_find_route, "fg_route", self.handle, asked))
        del kept
        return route

    def find_alternatives(self, query: Query, count: int) -> List[Route]:
        """The `count` cheapest routes, the cheapest first."""
        return [Route(handle) for handle in self._several(lib.fg_find_alternatives, "fg_route", query, count)]

    def find_diverse(self, query: Query, count: int) -> List[Route]:
        """Up to `count` routes that share no channel but, where there is no other way, the first and the last."""
        return [Route(handle) for handle in self._several(lib.fg_find_diverse, "fg_route", query, count)]

    def find_batch(self, queries: Sequence[Query]) -> List[Union[Route, Error]]:
        """Answers all queries on all processors; an `Error` where there is no route."""
        asked, count = ffi.new("fg_query[]", len(queries)), len(queries)
        kept = [query.fill(ffi.addressof(asked, at)) for at, query in enumerate(queries)]
        routes, errors = ffi.new("fg_route *[]", count), ffi.new("fg_error[]", count)
        call(lib.fg_find_batch, self.handle, asked, count, routes, errors)
        del kept
        return [Route(route) if route != ffi.NULL else failure(error) for route, error in zip(routes, errors)]

    def find_plan(self, query: Query) -> Plan:
        """Splits the payment as the query's cost likes it best."""
        asked = ffi.new("fg_query *")
        kept = query.fill(asked)
        plan = Plan(made(lib.fg_find_plan, "fg_plan", self.handle, asked))
        del kept
        return plan

    def find_plan_frontier(self, query: Query, count: int) -> List[Plan]:
        """The cheapest plans from the likeliest to the cheapest."""
        return [Plan(handle) for handle in self._several(lib.fg_find_plan_frontier, "fg_plan", query, count)]

    def find_widest(self, query: Query) -> int:
        """The largest HTLC that any single path could carry, in msat."""
        return self._amount(lib.fg_find_widest, query)

    def find_most_sendable(self, query: Query) -> int:
        """The most that all paths together can carry, fees aside, in msat."""
        return self._amount(lib.fg_find_most_sendable, query)

    def _several(self, function: Any, kind: str, query: Query, capacity: int) -> List[Any]:
        asked = ffi.new("fg_query *")
        kept = query.fill(asked)
        places, count = ffi.new(f"{kind} *[]", capacity), ffi.new("size_t *")
        call(function, self.handle, asked, places, capacity, count)
        del kept
        return [places[at] for at in range(count[0])]

    def _amount(self, function: Any, query: Query) -> int:
        asked, amount = ffi.new("fg_query *"), ffi.new("uint64_t *")
        kept = query.fill(asked)
        call(function, self.handle, asked, amount)
        del kept
        return amount[0]


class View(Handle):
    """The published graph of one moment, whose nodes and channels have fixed numbers."""

    _free = "fg_view_free"

    @property
    def node_count(self) -> int:
        return lib.fg_view_node_count(self.handle)

    @property
    def channel_count(self) -> int:
        return lib.fg_view_channel_count(self.handle)

    def nodes(self) -> Iterator[bytes]:
        """The ids of all nodes."""
        return map(self.node, range(self.node_count))

    def channels(self) -> Iterator[Channel]:
        """All channels, closed ones included."""
        return map(self.channel, range(self.channel_count))

    def node(self, index: int) -> bytes:
        """The id of a node."""
        node_id = ffi.new("fg_node_id *")
        call(lib.fg_view_node, self.handle, index, node_id)
        return bytes(node_id.bytes)

    def channel(self, index: int) -> Channel:
        """One channel."""
        channel = ffi.new("fg_channel *")
        call(lib.fg_view_channel, self.handle, index, channel)
        ends = bytes(channel.node_id_1.bytes), bytes(channel.node_id_2.bytes)
        return Channel(index, channel.short_channel_id, *ends, optional(channel.capacity_msat), bool(channel.closed))

    def find_node(self, node_id: NodeId) -> int:
        """A node's number."""
        wanted, index = ffi.new("fg_node_id *"), ffi.new("size_t *")
        wanted.bytes = node_bytes(node_id)
        call(lib.fg_view_find_node, self.handle, wanted, index)
        return index[0]

    def find_channel(self, short_channel_id: int) -> int:
        """An open channel's number."""
        index = ffi.new("size_t *")
        call(lib.fg_view_find_channel, self.handle, short_channel_id, index)
        return index[0]

    def policy(self, index: int, direction: int) -> Optional[Policy]:
        """The policy of a channel's direction, where it has one."""
        value = ffi.new("fg_policy *")
        try:
            call(lib.fg_view_policy, self.handle, index, direction, value)
        except Error as error:
            if error.status == "FG_UNKNOWN_CHANNEL":
                return None
            raise
        read = {field.name: getattr(value, field.name) for field in dataclasses.fields(Policy)}
        return Policy(**{**read, "disabled": bool(read["disabled"])})
