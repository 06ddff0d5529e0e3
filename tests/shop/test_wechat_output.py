"""What goes to WeChat, run in a browser: the built pages on glass-easel, the real API, the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, TimeoutError

from tests.journeys.browser import chromium, page_of
from tests.shop.conftest import SIZE

DIST = Path(__file__).parents[2] / "miniprogram" / "dist" / "harness"
SAYS = """path => __harness.stack()[0]?.path === path
    && document.querySelector(".holder:not([hidden])").innerText.trim().length > 0"""
APPEARS = "() => __harness.stack().length > 0 || __harness.errors.length > 0"


@pytest.fixture(scope="module")
def machine() -> Iterator[Browser]:
    if not (DIST / "index.html").exists():
        pytest.skip("the WeChat output is not built: make miniprogram (Node 20)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with chromium() as browser:
            yield browser


def handed_out(route: Route) -> None:
    """A file of the harness, as if the API's origin had it."""
    file = DIST / (route.request.url.split("/shop-harness/")[1].split("?")[0] or "index.html")
    route.fulfill(path=file) if file.is_file() else route.fulfill(status=404)


def opened(browser: Browser, base: str, **known: Any) -> tuple[Page, list[str]]:
    """A page of the harness at this origin; what only WeChat could answer is `known`."""
    page, complaints = page_of(browser, viewport=SIZE, is_mobile=True, has_touch=True)
    page.route("**/shop-harness/**", handed_out)
    page.add_init_script(f"window.__wx = Object.assign(window.__wx ?? {{}}, {json.dumps(known)})")
    page.goto(f"{base}/shop-harness/")
    page.wait_for_function(APPEARS)
    return page, complaints


def test_each_page_is_mounted(machine: Browser) -> None:
    """Whatever the API says: here it is down, and each page stands and says so or asks for nothing."""
    base = "http://127.0.0.1:9"
    down = {"code": "unavailable", "title": "暂不可用", "detail": "请稍后再试。", "status": 503}
    page, complaints = page_of(machine, viewport=SIZE, is_mobile=True, has_touch=True)
    page.route(f"{base}/**", lambda route: route.fulfill(status=503, json=down))
    page.route("**/shop-harness/**", handed_out)
    page.add_init_script("window.__wx = {appid: 'wx1', login: () => ({code: 'x'})}")
    page.goto(f"{base}/shop-harness/")
    page.wait_for_function(APPEARS)
    pages = page.evaluate("__harness.pages")
    blank = []
    for path in pages:
        page.evaluate("path => __harness.wx.reLaunch({url: '/' + path})", path)
        try:
            page.wait_for_function(SAYS, arg=path, timeout=5_000)
        except TimeoutError:
            blank.append(path)
    assert len(pages) >= 38
    assert page.evaluate("__harness.errors") == []
    assert [one for one in complaints if "503" not in one] == []
    assert blank == []
    page.context.close()
