"""The master key is changed under a running house, and changed back; nobody who buys notices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from backend.journey.ordering import place, quote, risk_notice
from backend.journey.paying import wait_for
from backend.journey.report import Unexpected, expect, step
from backend.journey.stage import Stage
from compliance.services import rotation

BATCH = 10


@contextmanager
def spare_is_current() -> Iterator[None]:
    """For this process the second master key is the current one; the house knows both and goes on."""
    own = settings.VAULT_MASTER_KEYS
    keys = own.split(",")
    if len(keys) < 2:
        raise Unexpected("two master keys, the second a spare: delete .local to begin anew", len(keys))
    settings.VAULT_MASTER_KEYS = ",".join([*keys[1:], keys[0]])
    try:
        yield
    finally:
        settings.VAULT_MASTER_KEYS = own


@step("轮换主密钥", "the master key is changed, and back, while orders come")
def rotate(stage: Stage) -> str:
    placed: list[str] = []

    def buy(_: rotation.Rotation) -> None:
        if not placed:
            placed.append(place(stage.alice, quote(stage.alice, stage.basket), risk_notice(stage))["number"])

    with spare_is_current():
        there = rotation.rotate(batch=BATCH, told=buy)
        expect((0, set()), (there.left, there.stuck))
        shown = stage.alice.get(f"orders/{placed[0]}")
    back = rotation.rotate(batch=BATCH)
    expect((0, set()), (back.left, back.stuck))
    expect(shown, stage.alice.get(f"orders/{placed[0]}"))
    stage.alice.call("POST", f"orders/{placed[0]}/cancel")
    wait_for(stage.alice, placed[0], "cancelled")
    return f"{there.done} keys there, {back.done} back, {placed[0]} placed on the way and readable all along"


STEPS = (rotate,)
