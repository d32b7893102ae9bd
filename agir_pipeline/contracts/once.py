"""What follows from a protocol alone is worked out once: a catalogue asks for it table by table."""

from collections import deque
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import TypeVar

from agir_pipeline.protocol.model import Protocol

PROTOCOLS_KEPT = 4

Made = TypeVar("Made")


def once_per_protocol(
    make: Callable[[Protocol], Mapping[str, Made]],
) -> Callable[[Protocol], Mapping[str, Made]]:
    """``make`` with a memory of the last protocols; what it gives can be read, not changed.

    A protocol is known again as the object it is: to compare two takes as long as to make anew.
    """
    kept: deque[tuple[Protocol, Mapping[str, Made]]] = deque(maxlen=PROTOCOLS_KEPT)

    @wraps(make)
    def once(protocol: Protocol) -> Mapping[str, Made]:
        for known, made in tuple(kept):
            if known is protocol:
                return made
        made = MappingProxyType(dict(make(protocol)))
        kept.append((protocol, made))
        return made

    return once
