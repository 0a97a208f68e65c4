"""The reply comes slowly: so many bytes a second, or piece by piece with pauses.

**What the agent sees**

The right reply, and no error, but in a trickle: each read brings a little, soon enough that no time limit between two
reads strikes. With `every: 0s` there are no pauses, only pieces: bytes arrive cut where nobody expects it, in the
middle of a character, a line or an event.

**What a healthy agent does**

It takes what comes, whichever way it is cut, and has a time limit for the whole reply that fits the tool. If that
strikes it may try again, but not at once, and not a write that may already have run.

**Seen in the wild**

A time limit for reads, which is what httpx (5 s), requests and urllib3 offer, begins anew with every byte: a reply of
one byte a second never meets it. UTF-8 that is split over two writes is legal, and still breaks readers that decode
each read by itself; the same goes for lines and events of a stream.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from chaosproxy.core.effects import Effect, Extent, Throttle
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration, Size
from chaosproxy.faults._places import PieceText, piece_of

_SMOOTH = 0.1
"""Seconds between two pieces of a rate that is given in bytes a second, where a byte is not too much for that."""


class SlowBody(Fault):
    """Deliver the body in pieces, with pauses."""

    family = Family.TIMING
    phases = (Phase.DURING_BODY,)
    ends_call = False
    # A late reply is right; where lateness is a failure, the agent sees it as one: its own timeout.
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: results trickle in
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: slow_body, bytes_per_second: 2KiB}
"""

    type: Literal["slow_body"] = "slow_body"
    """The fault's name."""
    bytes_per_second: Annotated[Size, Field(gt=0)] | None = None
    """How fast the body comes."""
    piece: PieceText | None = None
    """Instead: how much comes at once, as a size, or in the tool's chunks, or in its events."""
    every: Duration = 0.0
    """The time from one piece to the next; 0 sends each by a write of its own, without a pause."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if self.bytes_per_second is None and self.piece is None:
            raise ValueError("bytes_per_second: slow_body needs this, or a piece")
        if self.bytes_per_second is not None and self.piece is not None:
            raise ValueError("piece: bytes_per_second says already how much comes at once")
        if self.bytes_per_second is not None and "every" in self.model_fields_set:
            raise ValueError("every: bytes_per_second says already how fast; a piece goes with it")
        return self

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the pace is a setting
        """The body, at its pace."""
        if self.piece is not None:
            return (Throttle(*piece_of(self.piece), self.every),)
        assert self.bytes_per_second is not None
        count = max(1, round(self.bytes_per_second * _SMOOTH))
        return (Throttle(Extent.BYTES, count, count / self.bytes_per_second),)
