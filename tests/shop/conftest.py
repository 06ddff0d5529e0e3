"""The H5 shop in a browser beside the real API: a house whose clock can be moved, and telephones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Response, expect

from backend import shop
from kernel import throttle
from miniprogram_api import kept
from tests.journeys.browser import chromium, page_of
from tests.journeys.within import House, house_at
from tests.stand_in import StandIn

NOT_BUILT = "the shop is not built: make miniprogram (Node 20)"
SECONDS = 30.0  # of patience; a page is there in less than one
SIZE = {"width": 390, "height": 844}


@dataclass
class Phone:
    """One consumer's telephone: a page of the shop, what it asked the API for, what went wrong on it."""

    house: House = field(repr=False)
    page: Page
    complaints: list[str]
    language: str
    asked: list[tuple[str, str]] = field(default_factory=list, repr=False)

    def open(self, page: str, **query: str) -> None:
        """A page by its address, as a link or a code leads there."""
        self.asked.clear()
        told = "&".join(f"{name}={value}" for name, value in query.items())
        address = f"{self.house.base}/shop/maison/#/{page}{'?' + told if told else ''}"
        if self.page.url == address:  # the browser would stay where it is
            self.page.reload()
        else:
            self.page.goto(address)

    def here(self) -> Locator:
        """The page that is shown; the others lie below it."""
        return self.page.locator("uni-page:visible").last

    def sees(self, *words: str | re.Pattern[str]) -> None:
        """Each of these stands on the page, at once or soon."""
        for one in words:
            expect(self.here()).to_contain_text(one, timeout=SECONDS * 1000, use_inner_text=True)

    def front(self) -> Locator:
        """The sheet that lies over the page, or the page."""
        sheet = self.here().locator(".wd-popup:visible")
        return sheet.last if sheet.count() else self.here()

    def button(self, *names: str | re.Pattern[str]) -> Locator:
        """What can be tapped and is called exactly so, in either language."""
        said = [one.pattern if isinstance(one, re.Pattern) else re.escape(one) for one in names]
        either = re.compile(rf"^\s*({'|'.join(said)})\s*$")
        roles = "uni-button, [role=button], [role=link], [role=tab], [role=checkbox], [role=radio]"
        return self.front().locator(roles).filter(has_text=either).locator("visible=true")

    def tap(self, *names: str) -> None:
        self.button(*names).first.click(timeout=SECONDS * 1000)
        self.page.wait_for_timeout(400)  # a sheet slides in or out

    def types(self, text: str, *names: str) -> None:
        """Into the field of this name."""
        fields = ", ".join(f'uni-input[aria-label="{name}"] input' for name in names)
        self.here().locator(fields).first.fill(text)

    def answers(self, *names: str) -> None:
        """A button of a sheet that the machine shows: WeChat's payment sheet, a confirmation."""
        sheet = self.page.locator(".uni-modal:visible .uni-modal__btn").filter(
            has_text=re.compile("|".join(names))
        )
        sheet.first.click(timeout=SECONDS * 1000)

    def reads(self) -> str:
        """All that the page says, once nothing is under way."""
        self.page.wait_for_timeout(250)  # until it has begun
        self.page.wait_for_load_state("networkidle")
        busy = self.page.locator("[aria-busy=true]:visible, .uni-async-loading:visible")
        expect(busy).to_have_count(0, timeout=SECONDS * 1000)
        self.page.wait_for_timeout(150)
        return self.here().inner_text()

    def calm(self) -> None:
        """Nothing went wrong that was not meant to."""
        assert self.complaints == []


@pytest.fixture(scope="module")
def shop_browser() -> Iterator[Browser]:
    if not shop.built():
        pytest.skip(NOT_BUILT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with chromium() as browser:
            yield browser


@pytest.fixture
def house(
    shop_browser: Browser,
    stand_in_process: StandIn,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    redis: Any,
) -> Iterator[House]:
    """The house, opened, with Alice logged in, agreed and verified."""
    kept.forget()
    throttle.writes.reset()
    with house_at(stand_in_process, settings, monkeypatch) as made:
        yield made
    kept.forget()


@contextmanager
def phone(house: House, browser: Browser, *, user: str, language: str = "zh") -> Iterator[Phone]:
    """A telephone of this WeChat user, in this language; its clock is the house's."""
    locale = "zh-CN" if language == "zh" else "en-GB"
    page, complaints = page_of(
        browser, viewport=SIZE, is_mobile=True, has_touch=True, device_scale_factor=2, locale=locale
    )
    page.clock.install(time=house.now())
    page.add_init_script(f"localStorage.setItem('h5-user', '{user}')")
    made = Phone(house, page, complaints, language)

    def heard(request: Request) -> None:
        path = urlsplit(request.url).path
        if path.startswith("/api/"):
            made.asked.append((request.method, path))

    def answered(response: Response) -> None:
        if response.status >= 400:
            complaints.append(f"{response.status} {response.url}")

    page.on("request", heard)
    page.on("response", answered)
    try:
        yield made
    finally:
        page.context.close()
