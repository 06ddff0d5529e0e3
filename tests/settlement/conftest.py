"""A storefront, and a batch whose file the institution has."""

from __future__ import annotations

import pytest

from settlement.models import SettlementBatch
from settlement.services.exchange import export_batch
from tests import make
from tests.settlement import trades
from tests.settlement.test_batches import made


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def sent(world):
    """A batch of two orders, 250.00 and 50.00 yuan, whose file the institution has."""
    trades.ready(world)
    trades.ready(world, ("IR-1", 1))
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    return SettlementBatch.objects.get()
