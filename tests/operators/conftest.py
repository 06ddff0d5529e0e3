"""A browser, and the house on a port, for the modules that tell an operator's stories."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Page

from tests import keeping
from tests.journeys.browser import chromium, page_of
from tests.operators.brand_day import brand_day
from tests.operators.stories import EN, ZH, Story, house

BROWSERS = {ZH: "zh-CN", EN: "en-US"}


@pytest.fixture(scope="module")
def seats() -> Iterator[Callable[[str], tuple[Page, list[str]]]]:
    """A page in each language, for as long as a module needs it, and what goes wrong on it.

    Beside the loop of the browser Django would refuse to ask the database.
    """
    with pytest.MonkeyPatch.context() as patch, chromium() as browser:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        screen = {"width": 1280, "height": 800}
        yield cache(lambda language: page_of(browser, locale=BROWSERS[language], viewport=screen))


@pytest.fixture(scope="module")
def doors() -> Iterator[str]:
    with house() as base:
        yield base


@pytest.fixture(params=[ZH, EN])
def story(request: Any, seats: Any, doors: str, monkeypatch: Any, transactional_db: None) -> Iterator[Story]:
    """The same brand on the same day, told in one language; the house asks the story what time it is."""
    page, complaints = seats(request.param)
    page.context.clear_cookies()
    told = Story(page, doors, request.param, keeping.again("stories", brand_day))
    monkeypatch.setattr("kernel.clock.datetime", SimpleNamespace(now=told.clock))
    yield told
    page.goto("about:blank")
    heard, complaints[:] = [*complaints], []
    assert heard == []
