"""Which templates of subscribe messages there are, who consented how often, and what was delivered."""

from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from sandbox.wire import Json


@dataclass
class Template:
    """One template of a mini-program: the names of its fields."""

    appid: str
    fields: tuple[str, ...]


@dataclass
class Subscriptions:
    """The templates, the pages that are published, who consented how often, and what was delivered."""

    templates: dict[str, Template] = field(default_factory=dict)
    pages: set[str] | None = None  # None: every page is
    consents: dict[tuple[str, str], int] = field(default_factory=dict)
    delivered: list[Json] = field(default_factory=list)
    lock: Any = field(default_factory=RLock)

    def reset(self) -> None:
        with self.lock:
            self.templates.clear()
            self.pages = None
            self.consents.clear()
            self.delivered.clear()
