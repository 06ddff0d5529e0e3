"""A storefront, and a batch whose file the institution has."""

from __future__ import annotations

import pytest

from settlement.models import SettlementBatch
from settlement.services.exchange import export_batch
from tests import keeping, make
from tests.settlement import trades
from tests.settlement.test_batches import made


@pytest.fixture
def on_its_way():
    """A world and its batch of two orders, 250.00 and 50.00 yuan, whose file the institution has."""
    return keeping.again("a batch on its way", made_on_its_way)


def made_on_its_way():
    world = make.made_world()
    trades.ready(world)
    trades.ready(world, ("IR-1", 1))
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    return world, SettlementBatch.objects.get()


@pytest.fixture
def world(request):
    """That of the batch, where a test asks for both."""
    return request.getfixturevalue("on_its_way")[0] if "sent" in request.fixturenames else make.world()


@pytest.fixture
def sent(on_its_way):
    return on_its_way[1]
