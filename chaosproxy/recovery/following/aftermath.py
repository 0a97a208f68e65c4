"""What later calls of a session show about a failure, or an answer that lied: who went on, told somebody, or checked.

Touched only in sessions where something is wrong. Must not know how calls are matched.
"""

from collections.abc import Callable

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call
from chaosproxy.core.conclusions import Certainty, WasteReason
from chaosproxy.core.events import CallAnswered, CallWasted, CanaryFound, DuplicateEffect, Event
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.following.canaries import canaries_of, carries
from chaosproxy.recovery.following.checking import shows
from chaosproxy.recovery.following.episode import Episode
from chaosproxy.recovery.following.episodes import Episodes
from chaosproxy.recovery.following.records import Canary, Operation, Trouble
from chaosproxy.recovery.following.tools import Tools

CANARIES = 16
"""False values looked for in a session, the latest."""


class Aftermath:
    """Hears of the calls of sessions in trouble."""

    def __init__(self, tools: Tools, episodes: Episodes, publish: Callable[[Event], None]) -> None:
        self._tools = tools
        self._episodes = episodes
        self._publish = publish

    def heard(self, trouble: Trouble, call: Call) -> None:
        """A call that takes part arrived, and it is known what it is an attempt of."""
        if trouble.unfollowed:
            for episode in trouble.unfollowed:
                episode.followed = call.number
            trouble.unfollowed.clear()
        if trouble.canaries:
            self._look_for_canaries(trouble, call)
        if not trouble.moved_on and call.purpose.role is Role.TOOL:
            trouble.moved_on = True
            if call.route.tool in self._tools.escalating:
                self._escalate(trouble, call)

    @staticmethod
    def planted(trouble: Trouble, episode: Episode, event: CallAnswered) -> int:
        """An answer lied: look for what was false in it from now on; how many older ones were dropped for that."""
        for text in canaries_of(event.decision, event.answer):
            trouble.canaries.append(Canary(text, episode.number, event.call.number))
        dropped = max(0, len(trouble.canaries) - CANARIES)
        del trouble.canaries[:dropped]
        return dropped

    def showed(self, trouble: Trouble, call: Call) -> None:
        """A read was answered well: does it show whether a write in doubt has run?"""
        for operation in trouble.doubts.values():
            episode = operation.episode
            if episode is None or episode.doubt is None or episode.checked or call.received < episode.doubted_at:
                continue
            if shows(call.route, episode.doubt.route, self._tools):
                episode.checked = True

    def replayed(self, operation: Operation, call: Call) -> None:
        """A write was answered as a replay: if it had been in doubt, and was sent under the same key, that saved it."""
        episode = operation.episode
        if episode is None or episode.doubt is None or call.operation_key != episode.doubt.operation_key:
            return
        if not (episode.avoided or episode.blind):
            episode.avoided = True
            self._publish(DuplicateEffect(call, Certainty.AVOIDED, operation.number))

    def settle(self, trouble: Trouble, call: Call, answer: Answer, *, well: bool) -> None:
        """A suspect call is over: was it made in vain?"""
        suspect = trouble.suspects.pop(call.number, None)
        if suspect is None:
            return
        reason = suspect.otherwise
        if suspect.insisted and not well:
            reason = WasteReason.CANNOT_SUCCEED
        elif suspect.early and answer.outcome is suspect.outcome:
            reason = WasteReason.EARLY
        if reason is not None:
            self._publish(CallWasted(call, reason))

    def _escalate(self, trouble: Trouble, call: Call) -> None:
        for operation in list(trouble.waiting.values()):
            if operation.episode is not None:
                self._episodes.escalate(operation, operation.episode, call)

    def _look_for_canaries(self, trouble: Trouble, call: Call) -> None:
        """Each is found once in a prompt, and once in a tool's arguments."""
        in_prompt = call.purpose.role is Role.MODEL
        for canary in trouble.canaries:
            if (canary.in_prompt if in_prompt else canary.in_tool) or not carries(call, canary.text):
                continue
            if in_prompt:
                canary.in_prompt = True
            else:
                canary.in_tool = True
            self._publish(CanaryFound(call, canary.episode, canary.planted))
        trouble.canaries[:] = [each for each in trouble.canaries if not (each.in_prompt and each.in_tool)]
