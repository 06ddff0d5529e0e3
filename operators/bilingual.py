"""Every word of the admin exists in Chinese and English; the reader's language picks one."""

from __future__ import annotations

from typing import Any

from django.utils.functional import lazy
from django.utils.translation import get_language


def chinese() -> bool:
    """Whether the present reader reads Chinese."""
    return (get_language() or "en").startswith("zh")


def _pick(zh: str, en: str) -> str:
    return zh if chinese() else en


_lazy = lazy(_pick, str)


def say(zh: str, en: str) -> Any:
    """A text that becomes Chinese or English when it is shown, not when it is written."""
    return _lazy(zh, en)
