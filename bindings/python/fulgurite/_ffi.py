"""The library and its header, and what every call has in common."""

import os
import pathlib
import re
import sys
from typing import Any, Optional, Union

import cffi

_FOLDER = pathlib.Path(__file__).parent
_NAME = "libfulgurite.1.dylib" if sys.platform == "darwin" else "libfulgurite.so.1"

NodeId = Union[bytes, str]
NONE = 0xFFFF_FFFF_FFFF_FFFF
NONE_32 = 0xFFFF_FFFF


def _declarations() -> str:
    """The header without what only a preprocessor understands."""
    text = (_FOLDER / "fulgurite.h").read_text("utf-8")
    text = re.sub(r"#ifdef __cplusplus\n.*?#endif[^\n]*\n", "", text, flags=re.S)
    kept = [line for line in text.splitlines() if not line.startswith("#") or line.startswith("#define FG_")]
    # cffi takes plain numbers only.
    return re.sub(r"(#define \w+ \d+)ull", r"\1", "\n".join(kept))


ffi = cffi.FFI()
ffi.cdef(_declarations())
lib: Any = ffi.dlopen(os.environ.get("FULGURITE_LIBRARY", str(_FOLDER / _NAME)))

if not lib.fg_abi_fits(lib.FG_ABI_MAJOR, lib.FG_ABI_MINOR):
    raise ImportError(f"the library has ABI {lib.fg_abi_version():#x}, which is not the header's")


class Error(Exception):
    """A call that failed. `status` is the name of its fg_status; `position` a byte, a line or a place in a list."""

    def __init__(self, status: str, message: str, position: Optional[int]) -> None:
        super().__init__(message)
        self.status = status
        self.position = position


class NoRoute(Error):
    """There is no such route or plan. `reason` is the name of the fg_reason, `value_msat` what it tells of."""

    def __init__(self, message: str, reason: str, value_msat: Optional[int]) -> None:
        super().__init__("FG_NO_ROUTE", message, None)
        self.reason = reason
        self.value_msat = value_msat


def optional(value: int) -> Optional[int]:
    """A number that may be missing."""
    return None if value == NONE else value


def status_name(status: int) -> str:
    return ffi.string(lib.fg_status_name(int(status))).decode()


def failure(error: Any) -> Error:
    """An fg_error as an exception."""
    message = ffi.string(error.message).decode("utf-8", "replace")
    if error.status == lib.FG_NO_ROUTE:
        reason = ffi.string(ffi.cast("fg_reason", error.reason))
        return NoRoute(message, reason, optional(error.value_msat))
    return Error(status_name(error.status), message, optional(error.position))


def call(function: Any, *arguments: Any) -> None:
    """Calls a function that takes an fg_error at the end."""
    error = ffi.new("fg_error *")
    if function(*arguments, error) != lib.FG_OK:
        raise failure(error)


def made(function: Any, kind: str, *arguments: Any) -> Any:
    """Calls a function that makes a handle."""
    place = ffi.new(f"{kind} **")
    call(function, *arguments, place)
    return place[0]


def lent(function: Any, handle: Any) -> bytes:
    """Copies bytes that a handle lends."""
    data, size = ffi.new("uint8_t **"), ffi.new("size_t *")
    call(function, handle, ffi.cast("const uint8_t **", data), size)
    return bytes(ffi.buffer(data[0], size[0]))


def node_bytes(node_id: NodeId) -> bytes:
    raw = bytes.fromhex(node_id) if isinstance(node_id, str) else bytes(node_id)
    if len(raw) != 33:
        raise ValueError(f"a node id has 33 bytes, this has {len(raw)}")
    return raw


class Handle:
    """Something of the library that is closed once."""

    _free: str

    def __init__(self, handle: Any) -> None:
        self._handle: Any = handle

    @property
    def handle(self) -> Any:
        if self._handle is None:
            raise ValueError(f"the {type(self).__name__} is closed")
        return self._handle

    def close(self) -> None:
        """Frees it; closing twice is fine."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        status = getattr(lib, self._free)(handle)
        if status == lib.FG_BUSY:
            self._handle = handle
            raise Error("FG_BUSY", f"the {type(self).__name__} is in use by another thread", None)

    def __enter__(self):
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None and lib is not None:
            self._handle = None
            getattr(lib, self._free)(handle)


def abi_version() -> int:
    """The library's ABI: major * 65536 + minor."""
    return lib.fg_abi_version()


def version() -> str:
    """The library's version."""
    return ffi.string(lib.fg_version()).decode()
