"""What becomes of declared orders is tested against the stand-in that declares their payments."""

from __future__ import annotations

from tests.payments.conftest import wechat, world

__all__ = ["wechat", "world"]
