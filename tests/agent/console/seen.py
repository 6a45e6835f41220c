"""A real browser that looks at the console: Debian's Chromium, driven by Playwright; and what it noticed.

Without a browser its tests are skipped, or fail when $LIMNER_BROWSER is "required".
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright

_PATIENCE_MS: Final = 20_000
ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """Where the browser is; skips or fails the test that asks where there is none."""
    found = os.environ.get("LIMNER_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing = "no chromium on this machine (apt-get install chromium, or name it in $LIMNER_CHROMIUM)"
        if os.environ.get("LIMNER_BROWSER") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser."""
    path = chromium()
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Window:
    """A page that remembers all that should not have happened: dialogs, errors, violations, requests to elsewhere."""

    def __init__(self, browser: Browser, base: str, **options: Any) -> None:
        self.base = base
        self.context: BrowserContext = browser.new_context(base_url=base, **{"locale": "en-GB", **options})
        self.context.set_default_timeout(_PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("dialog", self._dialog)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("request", self._request)

    def go(self, path: str) -> Page:
        """Open a page of the console; nothing in it was executed."""
        self.page.goto(f"/console{path}")
        self.unharmed(path)
        return self.page

    def unharmed(self, where: str) -> None:
        """No payload was executed in the page as it is, and none became an element."""
        harm = "window.pwned !== undefined || document.querySelector('[data-pwned]') !== null"
        assert self.page.evaluate(harm) is False, where

    def close(self) -> None:
        """Close it; nothing may have gone wrong."""
        self.unharmed(self.page.url)
        self.context.close()
        assert self.wrong == []

    def _dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.wrong.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.wrong.append(f"request: {request.url}")
