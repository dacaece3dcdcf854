"""What queries are answered: plain values."""

import dataclasses
from typing import Any, List, Mapping, Optional

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
class Failure:
    """Who failed an HTLC, and how."""

    #: 0 is the payer, 1 the first node behind it; `None` where nobody can be told.
    erring_node: Optional[int]
    #: BOLT 4's failure_code; 0 where it is not to be read.
    failure_code: int


@dataclasses.dataclass(frozen=True)
class Payment:
    """What the onions of a payment tell the payee, and what they are made of."""

    payment_hash: bytes
    #: Secret, random, and never used twice.
    session_seed: bytes
    #: The best block.
    block_height: int
    payment_secret: Optional[bytes] = None
    #: What all parts together deliver; `None` takes what the route or plan delivers.
    total_msat: Optional[int] = None
    #: Blocks that every expiry is moved into the future, so that hops cannot count how far the payee is.
    shadow_blocks: int = 0
    #: payment_metadata from the invoice.
    metadata: Optional[bytes] = None
    #: The preimage of a spontaneous payment.
    keysend_preimage: Optional[bytes] = None
    #: By their types, 65,536 and above.
    custom_records: Mapping[int, bytes] = dataclasses.field(default_factory=dict)

    def fill(self, payment: Any) -> List[Any]:
        """Fills an fg_payment; what is returned must live as long as it."""
        lib.fg_payment_init(payment, ffi.sizeof("fg_payment"))
        for name in ("payment_hash", "session_seed"):
            setattr(payment, name, _bytes_32(name, getattr(self, name)))
        payment.block_height, payment.shadow_blocks = self.block_height, self.shadow_blocks
        if self.total_msat is not None:
            payment.total_msat = self.total_msat
        kept: List[Any] = []
        for name in ("payment_secret", "keysend_preimage"):
            value = getattr(self, name)
            if value is not None:
                kept.append(ffi.new("uint8_t[32]", _bytes_32(name, value)))
                setattr(payment, name, kept[-1])
        if self.metadata is not None:
            # Metadata of no bytes are not the same as none.
            kept.append(ffi.new("uint8_t[]", bytes(self.metadata) + b"\0"))
            payment.metadata, payment.metadata_size = kept[-1], len(self.metadata)
        records = _stream(self.custom_records)
        if records:
            kept.append(ffi.new("uint8_t[]", records))
            payment.custom_records, payment.custom_records_size = kept[-1], len(records)
        return kept


@dataclasses.dataclass(frozen=True)
class Onion:
    """A packet for update_add_htlc, which reads what comes back for it, too."""

    packet: bytes
    short_channel_id: int
    amount_msat: int
    cltv_expiry: int
    _onions: Any = dataclasses.field(repr=False, compare=False)
    _index: int = dataclasses.field(repr=False, compare=False)

    def read_failure(self, reason: bytes) -> Failure:
        """Reads the reason of an update_fail_htlc that came back for the packet."""
        node, code = ffi.new("uint64_t *"), ffi.new("uint32_t *")
        data = ffi.from_buffer("uint8_t[]", reason)
        call(lib.fg_onions_read_failure, self._onions, self._index, data, len(reason), node, code)
        return Failure(optional(node[0]), code[0])


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

    def onion(self, payment: Payment) -> Onion:
        """The packet of this route."""
        return _onions(lib.fg_route_onion, self._handle, payment)[0]

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

    def onions(self, payment: Payment) -> List[Onion]:
        """The packets of all parts, in their order."""
        return _onions(lib.fg_plan_onions, self._handle, payment)

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


def _onions(function: Any, handle: Any, payment: Payment) -> List[Onion]:
    told = ffi.new("fg_payment *")
    kept = payment.fill(told)
    onions = ffi.gc(made(function, "fg_onions", handle, told), lib.fg_onions_free)
    del kept
    return [_packet(onions, at) for at in range(lib.fg_onions_count(onions))]


def _packet(onions: Any, index: int) -> Onion:
    packet = ffi.new("fg_packet *")
    call(lib.fg_onions_packet, onions, index, packet, ffi.sizeof("fg_packet"))
    data = bytes(ffi.buffer(packet.bytes, packet.size))
    return Onion(data, packet.short_channel_id, packet.amount_msat, packet.cltv_expiry, onions, index)


def _bytes_32(name: str, value: bytes) -> bytes:
    if len(value) != 32:
        raise ValueError(f"{name} has 32 bytes, this has {len(value)}")
    return bytes(value)


def _stream(records: Mapping[int, bytes]) -> bytes:
    """A TLV stream of BOLT 1."""
    parts = (_big_size(kind) + _big_size(len(records[kind])) + bytes(records[kind]) for kind in sorted(records))
    return b"".join(parts)


def _big_size(number: int) -> bytes:
    if number < 0xFD:
        return bytes([number])
    for mark, size in ((b"\xfd", 2), (b"\xfe", 4)):
        if number < 1 << (8 * size):
            return mark + number.to_bytes(size, "big")
    return b"\xff" + number.to_bytes(8, "big")


def advice(told: Any) -> Advice:
    kind = ffi.string(ffi.cast("fg_advice_kind", told.kind))
    return Advice(kind, optional(told.place), bool(told.permanent))
