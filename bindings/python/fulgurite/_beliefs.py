"""What is believed of balances."""

import enum
from typing import Optional, Tuple, Union

from ._answers import Advice, Plan, Route, advice
from ._ffi import NONE_32, Handle, call, ffi, lent, lib, made
from ._graph import Graph


class Outcome(enum.IntEnum):
    """How an attempt ended."""

    SETTLED = 0
    REACHED = 1
    FAILED = 2
    UNREADABLE = 3


class BeliefsFormat(enum.IntEnum):
    """A form that beliefs have outside."""

    OWN = 0
    MISSION_CONTROL = 1
    LAYERS = 2
    LDK_SCORES = 3


class Beliefs(Handle):
    """What is believed of the balances in a graph's channels: learnt from payments, fading with time."""

    _free = "fg_beliefs_free"

    def __init__(
        self, graph: Graph, carried_half_life: Optional[int] = None, refused_half_life: Optional[int] = None
    ) -> None:
        lives = [NONE_32 if life is None else life for life in (carried_half_life, refused_half_life)]
        super().__init__(made(lib.fg_beliefs_new, "fg_beliefs", graph.handle, *lives))

    def learn(
        self,
        attempt: Union[Route, Tuple[Plan, int]],
        outcome: Outcome,
        now: int,
        erring_node: int = 0,
        failure_code: int = 0,
    ) -> Advice:
        """Learns from an attempt along a route, or along a part of a plan, and says what to do about it."""
        told = ffi.new("fg_advice *")
        rest = (int(outcome), erring_node, failure_code, now, told)
        if isinstance(attempt, Route):
            call(lib.fg_beliefs_learn, self.handle, attempt._handle, *rest)
        else:
            plan, index = attempt
            call(lib.fg_beliefs_learn_part, self.handle, plan._handle, index, *rest)
        return advice(told)

    def learn_balance(self, short_channel_id: int, direction: int, balance_msat: int, now: int) -> None:
        """Learns the balance of an own channel."""
        call(lib.fg_beliefs_learn_balance, self.handle, short_channel_id, direction, balance_msat, now)

    def bounds(self, short_channel_id: int, direction: int, now: int) -> Tuple[int, int]:
        """The least and the greatest balance that a channel is believed to have, in msat."""
        lower, upper = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        call(lib.fg_beliefs_bounds, self.handle, short_channel_id, direction, now, lower, upper)
        return lower[0], upper[0]

    def follow(self, graph: Graph) -> None:
        """Carries the beliefs over to the channels that the graph has now; a query does so by itself where it must."""
        call(lib.fg_beliefs_follow, self.handle, graph.handle)

    def read(self, format: BeliefsFormat, data: bytes, now: int = 0) -> Tuple[int, int]:
        """Takes over beliefs; returns how many statements were and were not of channels of the graph."""
        known, unknown = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        source = ffi.from_buffer("uint8_t[]", data)
        call(lib.fg_beliefs_read, self.handle, int(format), source, len(data), now, known, unknown)
        return known[0], unknown[0]

    def write(self, format: BeliefsFormat = BeliefsFormat.OWN) -> bytes:
        """Writes what is believed."""
        buffer = ffi.gc(made(lib.fg_beliefs_write, "fg_buffer", self.handle, int(format)), lib.fg_buffer_free)
        return lent(lib.fg_buffer_bytes, buffer)
