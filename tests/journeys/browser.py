"""A headless Chromium that may talk to this machine alone and tells of every complaint of a page."""

from __future__ import annotations

import os
import shutil
from base64 import b32decode
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from django_otp.oath import totp
from playwright.sync_api import Browser, Page, Request, sync_playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, where there is one; else the one that `playwright install` has fetched."""
    with sync_playwright() as play:
        found = shutil.which("chromium")
        browser = play.chromium.launch(executable_path=found, args=QUIET, env={**os.environ})
        yield browser
        browser.close()


def page_of(browser: Browser, **options: Any) -> tuple[Page, list[str]]:
    """A page, and the list of what goes wrong on it: errors, and calls to other hosts."""
    complaints: list[str] = []
    page = browser.new_page(**{"locale": "zh-CN", "viewport": {"width": 1400, "height": 1000}, **options})
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)

    def heard(request: Request) -> None:
        if urlsplit(request.url).hostname not in {"127.0.0.1", None}:
            complaints.append(f"asked for {request.url}")

    page.on("request", heard)
    return page, complaints


@contextmanager
def opened() -> Iterator[tuple[Page, list[str]]]:
    """A page of a browser of its own, and its complaints."""
    with chromium() as browser:
        yield page_of(browser)


def findings(page: Page, *rules: str, beside: str = "", but: Collection[str] = ()) -> list[str]:
    """What axe finds that is serious or worse, a line each; by all its rules or by these, but for some."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE_SCRIPT)
    asked = {"exclude": [beside]} if beside else {"include": ["html"]}
    options = {"resultTypes": ["violations"], "preload": False, **({"runOnly": rules} if rules else {})}
    told = page.evaluate("asked => axe.run(...asked).then(({violations}) => violations)", [asked, options])
    return [
        f"{one['id']}: {node['html'][:300]} {(node['any'] or [{}])[0].get('message', '')[:200]}"
        for one in told
        if one["impact"] in ("serious", "critical") and one["id"] not in but
        for node in one["nodes"]
    ]


def bind_telephone(page: Page) -> str:
    """The second step of a first log-in: the secret that is shown is typed into an authenticator."""
    secret = page.locator("#secret").inner_text().replace(" ", "")
    page.fill("[name=code]", f"{totp(b32decode(secret)):06d}")
    page.click("form:has([name=code]) [type=submit]")
    page.locator("#recovery-codes").wait_for()
    return secret
