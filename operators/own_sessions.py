"""Sessions told in words: since when, from where, with which browser; never a key."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from operators.bilingual import say
from storefronts.models import Operator
from storefronts.services import sessions

# The first that is found says it: most browsers name several others too.
_BROWSERS = (
    ("MicroMessenger/", say("微信", "WeChat")),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("QQBrowser/", say("QQ 浏览器", "QQ Browser")),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def in_words(agent: str) -> str:
    """A browser and its system, of what it says of itself."""
    found = [
        str(next((name for mark, name in table if mark in agent), "")) for table in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(word for word in found if word) or str(say("其他程序", "another program"))


def own_row(request: HttpRequest) -> int:
    """The row of this very session, which is written first."""
    session: Any = request.session
    if session.modified or session.row is None:
        session.save()
    return int(session.row.pk)


def end_others(request: HttpRequest) -> int:
    """Every session of the operator but this one."""
    operator = request.user
    return sessions.end_all(operator=operator, but=own_row(request)) if isinstance(operator, Operator) else 0
