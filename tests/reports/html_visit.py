"""A page that a real Chromium has opened, and what it said or asked for while it was open."""

from pathlib import Path

from playwright.sync_api import Browser, Page

DESK, PHONE = 1280, 375


class Visit:
    """A page that was opened, and all that it said or asked for."""

    def __init__(
        self,
        browser: Browser,
        file: Path,
        width: int = DESK,
        *,
        dark: bool = False,
        script: bool = True,
    ) -> None:
        self.heard: list[str] = []
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            offline=True,
            reduced_motion="reduce",
            has_touch=width == PHONE,
            is_mobile=width == PHONE,
        )
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.heard.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.heard.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.heard.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.heard.append(request.url))
        self.page.goto(file.as_uri())
        assert self.heard.pop(0) == file.as_uri()

    def focus(self) -> str:
        found: str = self.page.evaluate("document.activeElement.className || document.activeElement.tagName")
        return found
