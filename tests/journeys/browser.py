"""A headless Chromium that may talk to this machine alone and tells of every complaint of a page."""

from __future__ import annotations

import os
import shutil
from base64 import b32decode
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django_otp.oath import totp
from playwright.sync_api import Page, sync_playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-sync",
]


@contextmanager
def opened() -> Iterator[tuple[Page, list[str]]]:
    """A page, and the list of what went wrong on it: errors, and calls to other hosts."""
    # Debian's, where there is one; else the one that `playwright install` has fetched.
    program = shutil.which("chromium")
    complaints: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=QUIET, env={**os.environ})
        page = browser.new_page(locale="zh-CN", viewport={"width": 1400, "height": 1000})
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)

        def only_here(route, request) -> None:
            if urlsplit(request.url).hostname in {"127.0.0.1", None}:
                route.continue_()
            else:
                complaints.append(f"asked for {request.url}")
                route.abort()

        page.route("**/*", only_here)
        yield page, complaints
        browser.close()


def bind_telephone(page: Page) -> None:
    """The second step of a first log-in: the secret that is shown is typed into an authenticator."""
    secret = page.locator("#secret").inner_text().replace(" ", "")
    page.fill("[name=code]", f"{totp(b32decode(secret)):06d}")
    page.click("form:has([name=code]) [type=submit]")
    page.locator("#recovery-codes").wait_for()
    page.get_by_role("link", name="我已保存，继续").click()
