"""What the library has to say beside its answers."""

import enum
from typing import Any, Callable, Optional

from ._ffi import call, ffi, lib


class LogLevel(enum.IntEnum):
    """How much is told."""

    NONE = 0
    ERROR = 1
    WARNING = 2
    INFO = 3


def set_log(level: LogLevel, tell: Optional[Callable[[LogLevel, str], None]]) -> None:
    """Has everything up to `level` told, for all graphs; `None` tells nobody.

    The function is called by whichever thread has something to say, never by two at once, and must not call `set_log`.
    """
    global _told
    made: Any = ffi.NULL
    if tell is not None:
        inner = tell

        def outer(level: int, message: Any, _: Any) -> None:
            inner(LogLevel(level), ffi.string(message).decode("utf-8", "replace"))

        made = ffi.callback("void(uint32_t, const char *, void *)", outer)
    call(lib.fg_set_log, made, ffi.NULL, int(level))
    # The former one is not called any more, and may go.
    _told = made


_told: Any = None
