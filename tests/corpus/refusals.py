"""How tools say that arguments are wrong: in many words and many shapes, as real ones do.

What is meant (there is no such thing; the value is wrong; it is wrongly written) is the plan's, and not always in the
words: some tools say `invalid` of whatever they have not got.
"""

from random import Random

_NO_SUCH_THING = (
    "No such {name}: '{value}'",
    "{name} not found",
    "{name} '{value}' does not exist",
    "Unknown {name}",
    "Invalid {name}",
    "{name} is no longer available",
    "{name}: this one cannot be had",
    "The {name} has been blocked",
    "{name} is not available in your plan",
)
_WRONG_VALUE = (
    "{name}: not a valid value",
    "Invalid value for parameter '{name}'",
    "{name} must be one of the documented values",
    "Unrecognized {name} '{value}'",
    "'{value}' is not supported for {name}",
    "{name} is out of range",
    "bad {name}",
    "Unknown {name}",
    "{name}: Input should be a valid option",
)
_WRONGLY_WRITTEN = (
    "{name}: not written as it should be",
    "Invalid {name} format",
    "could not parse {name} '{value}'",
    "{name} does not match the expected pattern",
    "{name} is ambiguous; be more specific",
    "Malformed {name}",
    "{name}: expected another format",
)


def no_such_thing(dice: Random, name: str, value: object) -> object:
    """The body of a refusal: what was asked for is not to be had."""
    return _shaped(dice, name or "resource", dice.choice(_NO_SUCH_THING), value)


def wrong_value(dice: Random, name: str, value: object) -> object:
    """The body of a refusal: this argument cannot have this value."""
    return _shaped(dice, name, dice.choice(_WRONG_VALUE), value)


def wrongly_written(dice: Random, name: str, value: object) -> object:
    """The body of a refusal: this argument is not in the right form."""
    return _shaped(dice, name, dice.choice(_WRONGLY_WRITTEN), value)


def _shaped(dice: Random, name: str, mould: str, value: object) -> object:
    text = mould.format(name=name, value=value)
    shapes: tuple[object, ...] = (
        {"error": text},
        {"message": text, "code": "bad_request"},
        {"error": {"type": "invalid_request_error", "message": text, "param": name}},
        {"detail": [{"loc": ["body", name], "msg": text, "type": "value_error"}]},
        {"errors": [{"field": name, "message": text}]},
        {"title": "Bad Request", "status": 400, "detail": text},
    )
    return dice.choice(shapes)
