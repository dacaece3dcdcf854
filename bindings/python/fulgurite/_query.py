"""What is asked."""

import dataclasses
import enum
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from ._ffi import NONE, Handle, NodeId, ffi, lib, made, node_bytes


class Cost(enum.IntEnum):
    """What a query minimises."""

    FEE = 0
    RISK = 1
    PROBABILITY = 2


@dataclasses.dataclass(frozen=True)
class Policy:
    """What a node asks of HTLCs over one direction of a channel."""

    fee_base_msat: int = 0
    fee_proportional_millionths: int = 0
    cltv_expiry_delta: int = 0
    htlc_minimum_msat: int = 0
    htlc_maximum_msat: int = 0
    inbound_base_msat: int = 0
    inbound_proportional_millionths: int = 0
    last_update: int = 0
    disabled: bool = False

    def fill(self, policy: Any) -> None:
        for field in dataclasses.fields(self):
            setattr(policy, field.name, int(getattr(self, field.name)))


@dataclasses.dataclass(frozen=True)
class ExtraArc:
    """One direction of a channel that is not in the graph: a route hint, a private channel."""

    short_channel_id: int
    tail: NodeId
    head: NodeId
    policy: Policy
    capacity_msat: Optional[int] = None


class Cancel(Handle):
    """A flag that ends the queries which carry it, from any thread."""

    _free = "fg_cancel_free"

    def __init__(self) -> None:
        super().__init__(made(lib.fg_cancel_new, "fg_cancel"))

    def set(self) -> None:
        lib.fg_cancel_set(self.handle)

    def clear(self) -> None:
        lib.fg_cancel_clear(self.handle)


@dataclasses.dataclass
class Query:
    """A payment that wants a route or a plan. What is `None` has the library's default."""

    payer: NodeId
    payee: NodeId
    amount_msat: int
    cost: Cost = Cost.PROBABILITY
    fee_max_msat: Optional[int] = None
    fee_max_millionths: Optional[int] = None
    cltv_max: Optional[int] = None
    final_cltv_delta: Optional[int] = None
    hop_count_max: Optional[int] = None
    final_payload_extra: Optional[int] = None
    end_payload_size: Optional[int] = None
    headroom_millionths: Optional[int] = None
    part_count_max: Optional[int] = None
    part_min_msat: Optional[int] = None
    tolerance_msat: Optional[int] = None
    work_max: Optional[int] = None
    risk_billionths: Optional[int] = None
    hop_base_msat: Optional[int] = None
    hop_millionths: Optional[int] = None
    attempt_base_msat: Optional[int] = None
    attempt_millionths: Optional[int] = None
    ignore_inbound_fees: bool = False
    may_overpay: bool = False
    last_hop: Optional[NodeId] = None
    avoid_nodes: Sequence[NodeId] = ()
    avoid_channels: Sequence[int] = ()
    avoid_directions: Sequence[Tuple[int, int]] = ()
    #: The payer's channels that may be used, with what it can send over each; `None` allows all.
    first_channels: Optional[Mapping[int, int]] = None
    extra_arcs: Sequence[ExtraArc] = ()
    cancel: Optional[Cancel] = None
    #: Layers, and the names of those that the query wants.
    layers: Optional[Handle] = None
    layer_names: Sequence[str] = ()
    reservations: Optional[Handle] = None
    beliefs: Optional[Handle] = None
    bimodal_scale_msat: Optional[int] = None
    now: int = 0

    def fill(self, query: Any) -> List[Any]:
        """Fills an fg_query; what is returned must live as long as it."""
        lib.fg_query_init(query, ffi.sizeof("fg_query"))
        query.payer.bytes, query.payee.bytes = node_bytes(self.payer), node_bytes(self.payee)
        query.amount_msat, query.cost, query.now = self.amount_msat, int(self.cost), self.now
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None:
                setattr(query, name, value)
        flags = lib.FG_IGNORE_INBOUND_FEES if self.ignore_inbound_fees else 0
        query.flags = flags | (lib.FG_MAY_OVERPAY if self.may_overpay else 0)
        kept: List[Any] = []
        if self.last_hop is not None:
            kept.append(_node_ids([self.last_hop]))
            query.last_hop = kept[-1]
        _put_list(query, "avoid_nodes", "avoid_node_count", _node_ids(self.avoid_nodes), kept)
        _put_list(query, "avoid_channels", "avoid_channel_count", ffi.new("uint64_t[]", list(self.avoid_channels)), kept)
        directions = ffi.new("fg_direction[]", list(self.avoid_directions))
        _put_list(query, "avoid_directions", "avoid_direction_count", directions, kept)
        if self.first_channels is not None:
            # A list of none is not the same as no list.
            first = ffi.new("fg_first_channel[]", max(1, len(self.first_channels)))
            for place, pair in zip(first, self.first_channels.items()):
                place.short_channel_id, place.balance_msat = pair
            kept.append(first)
            query.first_channels, query.first_channel_count = first, len(self.first_channels)
        _put_list(query, "extra_arcs", "extra_arc_count", _extra_arcs(self.extra_arcs), kept)
        names = [ffi.new("char[]", name.encode()) for name in self.layer_names]
        kept.extend(names)
        _put_list(query, "layer_names", "layer_count", ffi.new("const char *[]", names), kept)
        for name in ("cancel", "layers", "reservations", "beliefs"):
            holder = getattr(self, name)
            if holder is not None:
                kept.append(holder)
                setattr(query, name, holder.handle)
        return kept


_NUMBERS = (
    "fee_max_msat", "fee_max_millionths", "cltv_max", "final_cltv_delta", "hop_count_max", "final_payload_extra",
    "end_payload_size", "headroom_millionths", "part_count_max", "part_min_msat", "tolerance_msat", "work_max",
    "risk_billionths", "hop_base_msat", "hop_millionths", "attempt_base_msat", "attempt_millionths", "bimodal_scale_msat",
)


def _put_list(query: Any, name: str, count: str, values: Any, kept: List[Any]) -> None:
    if len(values) > 0:
        kept.append(values)
        setattr(query, name, values)
        setattr(query, count, len(values))


def _node_ids(node_ids: Sequence[NodeId]) -> Any:
    values = ffi.new("fg_node_id[]", len(node_ids))
    for value, node_id in zip(values, node_ids):
        value.bytes = node_bytes(node_id)
    return values


def _extra_arcs(arcs: Sequence[ExtraArc]) -> Any:
    values = ffi.new("fg_extra_arc[]", len(arcs))
    for value, arc in zip(values, arcs):
        value.short_channel_id = arc.short_channel_id
        value.capacity_msat = NONE if arc.capacity_msat is None else arc.capacity_msat
        value.tail.bytes, value.head.bytes = node_bytes(arc.tail), node_bytes(arc.head)
        arc.policy.fill(value.policy)
    return values
