"""Debian's chromium, driven by playwright; and axe, which finds what keeps people out."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from playwright.sync_api import Browser, Page, sync_playwright

_ARGUMENTS = (
    # Tests may run as root, where chromium's own sandbox does not work.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_GRAVE = frozenset({"serious", "critical"})
_AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
_RULES = "axe.run(document, {resultTypes: ['violations']})"


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    program = shutil.which("chromium")
    assert program, "Debian's package chromium is not installed: make install"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def grave_findings(page: Page) -> list[str]:
    """Return what axe finds serious or critical on a page as it is shown now."""
    page.evaluate(_AXE)
    found = page.evaluate(_RULES)
    return [
        f"{one['id']} at {node['target']}: {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in _GRAVE
        for node in one["nodes"]
    ]
