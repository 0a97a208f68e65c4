"""What every fault is: settings that a profile gives, and the effects that they mean for one call."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chaosproxy.core.effects import Aside, Effect
from chaosproxy.core.failures import Nature, Phase
from chaosproxy.core.turn import Turn

Memory = TypeVar("Memory")


class Family(StrEnum):
    """What goes wrong, in the order in which the catalogue is shown."""

    TIMING = "timing"
    CONNECTION = "connection"
    LIMITS = "limits"
    PERMISSION = "permission"
    SERVER = "server"
    PAYLOAD = "payload"
    MEANING = "meaning"
    DELIVERY = "delivery"
    STREAMS = "streams"


class Fault(BaseModel):
    """Settings of one fault. Subclasses add `type: Literal["<file name>"]` and their own fields, with docstrings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=False)

    phases: ClassVar[tuple[Phase, ...]]
    """The phases it may be given, its default first."""
    ends_call: ClassVar[bool] = True
    """Does it decide what the agent gets? Then nothing can come after it, and no other such fault beside it."""
    needs_a_write: ClassVar[bool] = False
    """Does it begin with a call that writes? Then a rule that matches none is idle."""
    strikes_handshake: ClassVar[bool] = False
    """Does it strike TLS handshakes, before there is a call on the connection? Then it strikes nothing else."""
    family: ClassVar[Family]
    """Where the catalogue shows it."""
    nature: ClassVar[Nature]
    """What recovery judges an agent's reaction by, with its default settings."""
    example: ClassVar[str]
    """A rule in YAML that uses it and loads, for the docs and for `chaosproxy faults NAME`."""

    type: str
    """The fault's name."""
    phase: Annotated[Phase | None, Field(strict=False)] = None
    """When it strikes: before_upstream (the tool never ran), after_upstream (it ran) or during_body."""

    @model_validator(mode="after")
    def _phase_is_allowed(self) -> Self:
        if self.phase is not None and self.phase not in self.phases:
            allowed = " or ".join(self.phases)
            raise ValueError(f"phase: {self.type} can strike {allowed}, not {self.phase}")
        return self

    @property
    def strikes(self) -> Phase:
        """The phase it was given, or its default."""
        return self.phase or self.phases[0]

    @property
    def judged_by(self) -> Nature:
        """Its nature with the settings that it was given."""
        return self.nature

    def documents(self) -> Mapping[str, str]:
        """The files, beside the profile, that its settings name: their paths by setting."""
        return {}

    def completed(self, documents: Mapping[str, object]) -> Self:  # noqa: ARG002 - most faults name no file
        """The fault with what stands in its files (decoded YAML or JSON, by setting). Called once, when it is loaded.

        Raises:
            ValueError: `setting: what is wrong with the file`.
        """
        return self

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """What happens to this call. Pure: chance comes from `turn.draw(rule, "<what for>")`, time from `turn.now`."""
        raise NotImplementedError(f"{self.type} says nothing about what it does to {turn.call.number} ({rule})")


class Scope(StrEnum):
    """Who shares a fault's memory."""

    SHARED = "shared"
    """All calls that the rule matches."""
    SESSION = "session"
    """Each session has its own."""
    CREDENTIAL = "credential"
    """Each set of credentials has its own."""


class RememberingFault(Fault, Generic[Memory]):
    """A fault whose effects depend on what it did before: a token bucket, an expired token.

    The engine keeps the memory; the fault says what follows from it. It is asked about every call that its rule matches
    and no earlier rule has decided, also when its rule's trigger does not hold (`triggered` is then false).
    """

    lends: ClassVar[bool] = False
    """Does a call that it lets pass take something from its memory for as long as it lasts? Then it is told when the
    call is over (`returned`)."""

    waits: ClassVar[bool] = False
    """Does it do nothing, and remember nothing, before its rule's trigger has held for the first time? Then it is not
    asked before that, which is quicker."""

    always_strikes: ClassVar[bool] = False
    """Does it strike every call on which its rule's trigger holds? Others may let one pass, by what they remember."""

    @property
    def memory_scope(self) -> Scope:
        """Who shares the memory."""
        return Scope.SHARED

    def blank(self) -> Memory:
        """The memory before the first call."""
        raise NotImplementedError(f"{self.type} has no first memory")

    def step(
        self, turn: Turn, rule: str, memory: Memory, *, triggered: bool
    ) -> tuple[tuple[Effect | Aside, ...], Memory]:
        """The effects on this call (none, or asides alone: it passes) and the memory from then on.

        Pure; `memory` is not changed.
        """
        raise NotImplementedError(f"{self.type} takes no step for {turn.call.number} ({rule}, {memory}, {triggered})")

    def returned(self, memory: Memory) -> Memory:
        """The memory after a call that it had let pass is over; asked only of a fault that `lends`."""
        return memory
