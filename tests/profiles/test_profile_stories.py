"""The story at the top of a shipped profile is read as it is told."""

from chaosproxy.profiles.stories import story

TOLD = """\
# Once upon a time,
# in two lines.
#
# What happened
#   Somebody called
#   a tool.
#   owner/project #12.
# What a healthy agent does
#   It waits.
# What to watch
#   chaosproxy_calls_total, and that chaosproxy is named here makes it no command.
#
#   chaosproxy serve once --upstream tool=http://127.0.0.1:9001
#   KEY=value chaosproxy check once

version: 1
name: once
# chaosproxy serve this-is-no-part-of-it
"""


def test_it_has_an_opening_chapters_and_usage() -> None:
    told = story(TOLD)

    assert told.opening == "Once upon a time, in two lines."
    assert dict(told.chapters) == {
        "What happened": "Somebody called a tool. owner/project #12.",
        "What a healthy agent does": "It waits.",
        "What to watch": "chaosproxy_calls_total, and that chaosproxy is named here makes it no command.",
    }
    assert told.usage == (
        "chaosproxy serve once --upstream tool=http://127.0.0.1:9001",
        "KEY=value chaosproxy check once",
    )


def test_a_profile_without_a_comment_tells_nothing() -> None:
    assert story("version: 1\nname: mute\n") == ("", {}, ())
