"""What the sources say about the attributes of a class: the text below each. Read only when somebody asks, because
pydantic's own way (`use_attribute_docstrings`) reads them at every start, which takes a quarter of it.

A compiled module has no source to ask for; those with settings and profiles are never compiled.
"""

import ast
import inspect
import sys
from functools import cache

_OURS = __name__.partition(".")[0]


def attribute_docs(described: type) -> dict[str, str]:
    """The text below each attribute, or member of an enum, that has one.

    Of an attribute that is annotated again further down, what is said there.
    """
    docs: dict[str, str] = {}
    for ancestor in reversed(described.__mro__):
        if ancestor.__module__.startswith(_OURS):
            for name, text in _own_docs(ancestor.__module__).get(ancestor.__name__, {}).items():
                docs.pop(name, None)
                if text is not None:
                    docs[name] = text
    return docs


@cache
def _own_docs(module: str) -> dict[str, dict[str, str | None]]:
    """By class and attribute, for one module; None where nothing is said."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: _of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for statement, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found[statement.target.id] = _text(after)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found[statement.targets[0].id] = _text(after)
    return found


def _text(statement: ast.stmt | None) -> str | None:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        value = statement.value.value
        return inspect.cleandoc(value) if isinstance(value, str) else None
    return None
