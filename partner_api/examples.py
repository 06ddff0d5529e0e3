"""An example of each call: what was sent and answered, in a file a call, recorded and held true by a test."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

FOLDER: Final = Path(__file__).parent / "data" / "examples"


@lru_cache
def example(name: str) -> dict[str, Any] | None:
    """`path`, `query` and `body` as sent, `status` and `answer`; None where there is none yet."""
    file = FOLDER / f"{name}.json"
    return orjson.loads(file.read_bytes()) if file.exists() else None
