"""A page as a test reads it without a browser: its elements in order, each with its attributes and the text around."""

from html.parser import HTMLParser

import msgspec


class Element(msgspec.Struct):
    """An opening tag."""

    kind: str
    has: dict[str, str | None]


class Page(HTMLParser):
    """What is in a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, kind: str) -> list[Element]:
        return [element for element in self.elements if element.kind == kind]

    def values(self, attribute: str) -> list[str]:
        return [value for element in self.elements if (value := element.has.get(attribute)) is not None]
