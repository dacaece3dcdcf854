"""What queries are answered: plain values."""

import dataclasses
from typing import Any, List, Optional

from ._ffi import call, ffi, lent, lib, made, optional


@dataclasses.dataclass(frozen=True)
class Hop:
    """An HTLC on a route, and the node that it leads to."""

    short_channel_id: int
    direction: int
    node_id: bytes
    amount_msat: int
    fee_msat: int
    cltv: int


@dataclasses.dataclass(frozen=True)
class Onion:
    """A packet for update_add_htlc."""

    packet: bytes
    short_channel_id: int
    amount_msat: int
    cltv_expiry: int


@dataclasses.dataclass(frozen=True)
class Advice:
    """What to do about a failure: the name of the fg_advice_kind, and the hop or node that it is about."""

    kind: str
    place: Optional[int]
    permanent: bool


class _Freed:
    """A handle that lives as long as its value."""

    def __init__(self, handle: Any, free: Any) -> None:
        self._handle = ffi.gc(handle, free)


class Route(_Freed):
    """A route. It stands for itself: the graph may change, or be closed."""

    def __init__(self, handle: Any) -> None:
        super().__init__(handle, lib.fg_route_free)
        info = ffi.new("fg_route_info *")
        call(lib.fg_route_get_info, handle, info, ffi.sizeof("fg_route_info"))
        self.payer: bytes = bytes(info.payer.bytes)
        self.amount_msat: int = info.amount_msat
        self.fee_msat: int = info.fee_msat
        self.cost_msat: int = info.cost_msat
        self.gap_msat: int = info.gap_msat
        self.probability: float = info.probability
        self.cltv: int = info.cltv
        self.version: int = info.version
        self.settled: int = info.settled
        self.hops: List[Hop] = _hops(info.hop_count, lambda *to: call(lib.fg_route_hops, handle, *to))

    def to_bytes(self) -> bytes:
        """FlatBuffers bytes of schemas/answer.fbs; equal routes have equal bytes."""
        return lent(lib.fg_route_bytes, self._handle)

    def onion(
        self,
        payment_hash: bytes,
        session_seed: bytes,
        block_height: int,
        payment_secret: Optional[bytes] = None,
        total_msat: Optional[int] = None,
    ) -> Onion:
        """The packet of this route. The seed is secret, random, and never used twice."""
        secrets = (payment_hash, session_seed, block_height, payment_secret, total_msat)
        return _onions(lib.fg_route_onion, self._handle, *secrets)[0]

    def __repr__(self) -> str:
        return f"Route(fee_msat={self.fee_msat}, hops={len(self.hops)}, probability={self.probability:.3f})"


@dataclasses.dataclass(frozen=True)
class Part:
    """One part of a plan."""

    amount_msat: int
    fee_msat: int
    probability: float
    cltv: int
    hops: List[Hop]


class Plan(_Freed):
    """A payment in parts, the largest first."""

    def __init__(self, handle: Any) -> None:
        super().__init__(handle, lib.fg_plan_free)
        info = ffi.new("fg_plan_info *")
        call(lib.fg_plan_get_info, handle, info, ffi.sizeof("fg_plan_info"))
        self.payer: bytes = bytes(info.payer.bytes)
        self.amount_msat: int = info.amount_msat
        self.fee_msat: int = info.fee_msat
        self.cost_msat: int = info.cost_msat
        self.least_cost_msat: Optional[int] = optional(info.least_cost_msat)
        self.probability: float = info.probability
        self.cltv: int = info.cltv
        self.version: int = info.version
        self.parts: List[Part] = [_part(handle, at) for at in range(info.part_count)]

    def to_bytes(self) -> bytes:
        """FlatBuffers bytes of schemas/answer.fbs."""
        return lent(lib.fg_plan_bytes, self._handle)

    def onions(
        self,
        payment_hash: bytes,
        session_seed: bytes,
        block_height: int,
        payment_secret: bytes,
        total_msat: Optional[int] = None,
    ) -> List[Onion]:
        """The packets of all parts."""
        secrets = (payment_hash, session_seed, block_height, payment_secret, total_msat)
        return _onions(lib.fg_plan_onions, self._handle, *secrets)

    def __repr__(self) -> str:
        return f"Plan(fee_msat={self.fee_msat}, parts={len(self.parts)}, probability={self.probability:.3f})"


def _part(handle: Any, index: int) -> Part:
    info = ffi.new("fg_part_info *")
    call(lib.fg_plan_part, handle, index, info, ffi.sizeof("fg_part_info"))
    hops = _hops(info.hop_count, lambda *to: call(lib.fg_plan_hops, handle, index, *to))
    return Part(info.amount_msat, info.fee_msat, info.probability, info.cltv, hops)


def _hops(count: int, copy: Any) -> List[Hop]:
    hops = ffi.new("fg_hop[]", count)
    copy(hops, count, ffi.NULL)
    return [
        Hop(hop.short_channel_id, hop.direction, bytes(hop.node_id.bytes), hop.amount_msat, hop.fee_msat, hop.cltv)
        for hop in hops
    ]


def _onions(
    function: Any,
    handle: Any,
    payment_hash: bytes,
    session_seed: bytes,
    block_height: int,
    payment_secret: Optional[bytes],
    total_msat: Optional[int],
) -> List[Onion]:
    for name, value in (("payment_hash", payment_hash), ("session_seed", session_seed)):
        _check_32(name, value)
    payment = ffi.new("fg_payment *")
    lib.fg_payment_init(payment, ffi.sizeof("fg_payment"))
    payment.payment_hash, payment.session_seed = payment_hash, session_seed
    payment.block_height = block_height
    kept = None
    if payment_secret is not None:
        _check_32("payment_secret", payment_secret)
        kept = ffi.new("uint8_t[32]", payment_secret)
        payment.payment_secret = kept
    if total_msat is not None:
        payment.total_msat = total_msat
    onions = ffi.gc(made(function, "fg_onions", handle, payment), lib.fg_onions_free)
    return [_packet(onions, at) for at in range(lib.fg_onions_count(onions))]


def _packet(onions: Any, index: int) -> Onion:
    packet = ffi.new("fg_packet *")
    call(lib.fg_onions_packet, onions, index, packet, ffi.sizeof("fg_packet"))
    data = bytes(ffi.buffer(packet.bytes, packet.size))
    return Onion(data, packet.short_channel_id, packet.amount_msat, packet.cltv_expiry)


def _check_32(name: str, value: bytes) -> None:
    if len(value) != 32:
        raise ValueError(f"{name} has 32 bytes, this has {len(value)}")


def advice(told: Any) -> Advice:
    kind = ffi.string(ffi.cast("fg_advice_kind", told.kind))
    return Advice(kind, optional(told.place), bool(told.permanent))


