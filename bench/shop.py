"""The shop in a browser, four times as slow: how soon products are seen, how far a list can be scrolled."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from statistics import median
from time import monotonic

from playwright.sync_api import Browser, Page, Request, ViewportSize, sync_playwright

from backend.shop import built
from bench.report import Report

SLOWER = 4
TURNS = 5
FIRST_PRODUCTS_SECONDS = "1"
SCROLLED = 1_000
SIZE: ViewportSize = {"width": 390, "height": 844}
CARD = "uni-page .card"


def shop(report: Report, port: int) -> None:
    """Home to the first products with a warm API, then a list of 1,000; left out where nothing was built."""
    if not built():
        print("shop is left out: `make miniprogram` has not built it", file=sys.stderr)
        return
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        home(report, browser, f"http://127.0.0.1:{port}/shop/bench/")
        scrolling(report, browser, f"http://127.0.0.1:{port}/shop/bench/#/sub/goods/list")
        browser.close()


def _slow(browser: Browser) -> Page:
    page = browser.new_context(viewport=SIZE, is_mobile=True, has_touch=True, locale="zh-CN").new_page()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page


def _noting(calls: list[str]) -> Callable[[Request], None]:
    def heard(request: Request) -> None:
        if "/api/" in request.url:
            calls.append(request.url)

    return heard


def home(report: Report, browser: Browser, address: str) -> None:
    """A first visit, nothing kept on the device."""
    seconds: list[float] = []
    asked = 0
    for turn in range(TURNS + 1):
        page = _slow(browser)
        calls: list[str] = []
        page.on("request", _noting(calls))
        began = monotonic()
        page.goto(address, wait_until="commit")
        page.locator(CARD).first.wait_for(state="visible")
        if turn:  # the first one warms the house
            seconds.append(monotonic() - began)
            asked = max(asked, len(calls))
        page.context.close()
    report.figure(
        "shop_first_products", median(seconds), "s", floor=None, target=FIRST_PRODUCTS_SECONDS, at_most=True
    )
    report.figure("shop_first_requests", asked, "API requests", floor=None, target="4", at_most=True)


def scrolling(report: Report, browser: Browser, address: str) -> None:
    """The most nodes in the last quarter of a list scrolled to its end, against those of the first."""
    page = _slow(browser)
    page.goto(address)
    page.locator(CARD).first.wait_for(state="visible")
    nodes = "document.querySelectorAll('*').length"
    count = "Number(document.querySelector('[data-shown]')?.dataset.shown ?? 0)"
    early = late = held = 0
    for _ in range(400):
        page.mouse.wheel(0, 4_000)
        page.wait_for_timeout(100)
        held = page.evaluate(count)
        if held <= SCROLLED // 4:
            early = max(early, page.evaluate(nodes))
        elif held > SCROLLED * 3 // 4:
            late = max(late, page.evaluate(nodes))
        if held >= SCROLLED:
            break
    page.context.close()
    report.figure("shop_list_scrolled", held, "products", floor=None, target=str(SCROLLED))
    report.figure("shop_list_nodes", late, "nodes", floor=early or late, target="1.5", at_most=True)
