"""Named layers over a graph, and amounts in flight."""

import enum
from typing import Tuple, Union

from ._answers import Plan, Route
from ._ffi import Handle, NodeId, call, ffi, lent, lib, made, node_bytes
from ._query import Policy


class Inform(enum.IntEnum):
    """How an attempt to send over a channel ended."""

    CONSTRAINED = 0
    UNCONSTRAINED = 1
    SUCCEEDED = 2


class Layers(Handle):
    """Named layers, as Core Lightning's askrene has them. A `Query` names those that it wants."""

    _free = "fg_layers_free"

    def __init__(self) -> None:
        super().__init__(made(lib.fg_layers_new, "fg_layers"))

    def read(self, json: bytes) -> None:
        """Takes layers in the JSON of askrene-listlayers; each replaces the one of its name. All or none."""
        call(lib.fg_layers_read, self.handle, ffi.from_buffer("uint8_t[]", json), len(json))

    def write(self) -> bytes:
        """Writes all layers in the JSON of askrene-listlayers."""
        buffer = ffi.gc(made(lib.fg_layers_write, "fg_buffer", self.handle), lib.fg_buffer_free)
        return lent(lib.fg_buffer_bytes, buffer)

    def remove(self, layer: str) -> None:
        """Removes a layer."""
        call(lib.fg_layers_remove, self.handle, layer.encode())

    def create_channel(
        self, layer: str, short_channel_id: int, node_id_1: NodeId, node_id_2: NodeId, capacity_msat: int
    ) -> None:
        """Adds a channel that only the layer knows; it needs a policy in the directions that it shall carry."""
        channel = ffi.new("fg_channel *")
        channel.short_channel_id, channel.capacity_msat = short_channel_id, capacity_msat
        channel.node_id_1.bytes, channel.node_id_2.bytes = node_bytes(node_id_1), node_bytes(node_id_2)
        call(lib.fg_layers_create_channel, self.handle, layer.encode(), channel)

    def update_channel(self, layer: str, short_channel_id: int, direction: int, policy: Policy) -> None:
        """Replaces the policy of a direction."""
        value = ffi.new("fg_policy *")
        policy.fill(value)
        call(lib.fg_layers_update_channel, self.handle, layer.encode(), short_channel_id, direction, value)

    def bias_channel(self, layer: str, short_channel_id: int, direction: int, bias: int, now: int) -> None:
        """Makes a direction dearer (down to -100) or cheaper (up to 100)."""
        call(lib.fg_layers_bias_channel, self.handle, layer.encode(), short_channel_id, direction, bias, now)

    def inform_channel(
        self, layer: str, short_channel_id: int, direction: int, amount_msat: int, inform: Inform, now: int
    ) -> None:
        """Notes how an attempt to send an amount over a direction ended."""
        attempt = (short_channel_id, direction, amount_msat, int(inform), now)
        call(lib.fg_layers_inform_channel, self.handle, layer.encode(), *attempt)

    def disable_channel(self, layer: str, short_channel_id: int, direction: int) -> None:
        """Disables a direction."""
        call(lib.fg_layers_disable_channel, self.handle, layer.encode(), short_channel_id, direction)

    def disable_node(self, layer: str, node_id: NodeId) -> None:
        """Disables all channels of a node."""
        value = ffi.new("fg_node_id *")
        value.bytes = node_bytes(node_id)
        call(lib.fg_layers_disable_node, self.handle, layer.encode(), value)


class Reservations(Handle):
    """What payments that are under way hold of channels. Queries that carry it leave that alone."""

    _free = "fg_reservations_free"

    def __init__(self) -> None:
        super().__init__(made(lib.fg_reservations_new, "fg_reservations"))

    def add(self, attempt: Union[Route, Tuple[Plan, int]], now: int) -> int:
        """Reserves what the HTLCs of a route, or of a part of a plan, carry; returns what releases it."""
        told = ffi.new("uint64_t *")
        if isinstance(attempt, Route):
            call(lib.fg_reservations_add_route, self.handle, attempt._handle, now, told)
        else:
            plan, index = attempt
            call(lib.fg_reservations_add_part, self.handle, plan._handle, index, now, told)
        return told[0]

    def release(self, reservation: int) -> None:
        """Releases what was reserved, once."""
        call(lib.fg_reservations_release, self.handle, reservation)

    def get(self, short_channel_id: int, direction: int) -> Tuple[int, int]:
        """What is in flight over a direction of a channel, in msat, and in how many HTLCs."""
        amount, count = ffi.new("uint64_t *"), ffi.new("uint32_t *")
        call(lib.fg_reservations_get, self.handle, short_channel_id, direction, amount, count)
        return amount[0], count[0]
