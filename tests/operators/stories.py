"""A brand's working day before a browser: its people, its house on a port, and the eyes that look at pages.

Stories are told once in each language. Whatever page a story looks at is checked by axe, those with
a name on dark too, and with SCREENSHOTS=docs/screenshots a picture of these is kept there.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from django.core.servers.basehttp import ThreadedWSGIServer
from django.test.testcases import QuietWSGIRequestHandler
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Locator, Page

from storefronts.models import Operator
from tests import make
from tests.conftest import WebClient
from tests.journeys.around import as_web
from tests.journeys.browser import findings
from tests.operators import rows

ZH, EN = "zh-hans", "en"
KEPT = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
COLOURS = 128  # of a picture that is kept
# To the other theme and back; what fades is there at once.
DARK = """() => {
    document.documentElement.classList.toggle("dark");
    document.getAnimations().forEach(one => one.finish());
}"""


@dataclass
class Story:
    """One telling: who sits where, in which language, at which hour of the house."""

    page: Page
    base: str
    language: str
    world: make.World
    now: datetime = make.NOW + timedelta(hours=3)

    def says(self, zh: str, en: str) -> str:
        """A word of the reader's language."""
        return zh if self.language == ZH else en

    def clock(self, zone: tzinfo) -> datetime:
        return self.now.astimezone(zone)

    def at(self, name: str, *args: Any) -> str:
        """The address of a page by its name, or one that is given."""
        return self.base + (name if name.startswith("/") else reverse(name, args=args))

    def sits(self, name: str, role: str = "owner") -> None:
        """A colleague takes the seat, who is in with a code."""
        operator = Operator.objects.filter(username=name).first() or rows.operator(
            name, self.world.shop, role
        )
        client = WebClient()
        client.force_login(operator, backend=rows.BACKEND)
        self.page.context.clear_cookies()
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.base}
        self.page.context.add_cookies([cookie])

    def goes(self, name: str, *args: Any) -> None:
        """To a page by its name, or to an address."""
        answer = self.page.goto(self.at(name, *args))
        assert answer is not None and answer.status == 200, (answer and answer.status, self.page.url)

    def clicks(self, what: Locator) -> None:
        """On something that leads to another page, which is there then."""
        with self.page.expect_navigation():
            what.click()

    def enters(self, field: str, text: str) -> None:
        """A text into a field, and its form is sent."""
        self.page.fill(field, text)
        with self.page.expect_navigation():
            self.page.press(field, "Enter")

    def acts(self, action: str, *rows: Any) -> None:
        """Rows of the list are ticked, and the action is run."""
        for row in rows:
            self.page.check(f"[name=_selected_action][value='{row.pk}']")
        self.page.select_option("select[name=action]", action)
        self.clicks(self.page.locator("button[name=index]"))

    def step(self, name: str) -> None:
        """The button of a step, to its form."""
        self.clicks(self.page.locator(f"main a[href$='/step/{name}/']").first)

    def sends(self) -> None:
        """The form of the page."""
        self.clicks(self.page.locator("#content form [type=submit]"))

    def look(self, name: str = "") -> None:
        """Look closely: axe finds nothing serious. With a name, a picture is kept where that is asked for."""
        page = self.page
        page.evaluate("document.fonts.ready")
        assert page.locator("html").get_attribute("lang") == self.language
        beside = "" if name == "home" else "#nav-sidebar"  # the same beside every page
        if name:
            self.keep(name)
        found = findings(page, beside=beside)
        if name and self.language == EN:  # colours know no language
            page.evaluate(DARK)
            found += findings(page, "color-contrast", beside=beside)
            page.evaluate(DARK)
        assert not found, f"{page.url}\n" + "\n".join(sorted(set(found)))[:6_000]

    def keep(self, name: str, *, to: str = "") -> None:
        """A picture, where one is asked for; each has its words in the README beside it."""
        captioned = f"{name}-zh.png" in (KEPT / "README.md").read_text(encoding="utf-8")
        assert captioned, f"docs/screenshots/README.md says nothing of {name}"
        if folder := os.environ.get("SCREENSHOTS"):
            if to:
                self.page.locator(to).first.scroll_into_view_if_needed()
            drawn = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
            small = drawn.quantize(COLOURS, dither=Image.Dither.NONE)
            small.save(Path(folder) / f"{name}-{self.language[:2]}.png", optimize=True)


@contextmanager
def house() -> Iterator[str]:
    """The house's doors on a free port, a thread for each browser's connection."""
    with ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler) as server:
        server.set_app(as_web)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
