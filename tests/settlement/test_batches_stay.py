"""What a batch took abroad does not go abroad again: SQL of who serves reopens none, and verbs move it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from settlement.models import SettlementBatch, SettlementItem
from settlement.services.batches import discard_batch
from settlement.services.exchange import export_batch
from settlement.services.receipts import close_batch
from tests import keeping, make
from tests.settlement import trades
from tests.settlement.institution import credited, taken
from tests.settlement.test_batches import made

pytestmark = pytest.mark.django_db(transaction=True)
STAYS = "a batch stays as it was sent, answered and ended"


@pytest.fixture(params=["web", "worker"])
def role(request):
    return request.param


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def batch():
    return keeping.again("a batch of two", made_batch)


def made_batch():
    world = make.made_world()
    trades.ready(world)
    trades.ready(world, ("IR-1", 1))
    return made(world)


def exported(batch):
    export_batch(batch=batch, by="me", now=make.NOW)
    return SettlementBatch.objects.get(pk=batch.pk)


def closed(batch):
    answered = taken(exported(batch), refused=(2,))
    credited(answered, answered.foreign_minor)
    close_batch(batch=SettlementBatch.objects.get(pk=batch.pk), by="me", now=make.NOW)


def refused(role: str, statement: str) -> str:
    before = (list(SettlementBatch.objects.values()), list(SettlementItem.objects.values()))
    with pytest.raises(IntegrityError) as told, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)
    assert (list(SettlementBatch.objects.values()), list(SettlementItem.objects.values())) == before
    return str(told.value).splitlines()[0]


@pytest.mark.parametrize(
    "change",
    ["state = 'draft'", "settled_fen = 1", "foreign_minor = 1", "received_minor = 0", "result_fen = 1"],
)
def test_a_closed_batch_stays_as_it_ended(role, batch, change):
    closed(batch)
    assert refused(role, f"UPDATE settlement_settlementbatch SET {change}") == STAYS


def test_a_discarded_batch_does_not_come_back(role, batch):
    discard_batch(batch=batch, by="me", now=make.NOW)
    assert refused(role, "UPDATE settlement_settlementbatch SET state = 'draft'") == STAYS
    told = refused(role, "UPDATE settlement_settlementitem SET live = true")
    assert told == "an item of a batch that is discarded does not change so"


@pytest.mark.parametrize("change", ["state = 'draft'", "state = 'discarded'", "exported_at = now()"])
def test_a_batch_that_was_sent_is_not_taken_back(role, batch, change):
    exported(batch)
    assert refused(role, f"UPDATE settlement_settlementbatch SET {change}") == STAYS


@pytest.mark.parametrize(
    "change",
    ["live = false WHERE rate > 0", "live = true WHERE refusal <> ''", "rate = 1 WHERE rate > 0"],
)
def test_an_item_that_was_answered_stays_so(role, batch, change):
    closed(batch)
    told = refused(role, f"UPDATE settlement_settlementitem SET {change}")
    assert told == "an item of a batch that is closed does not change so"


def test_an_item_is_not_freed_while_its_batch_goes_on(role, batch):
    told = refused(role, "UPDATE settlement_settlementitem SET live = false")
    assert told == "an item of a batch that is draft does not change so"
    exported(batch)
    told = refused(role, "UPDATE settlement_settlementitem SET live = false, refusal = 'x'")
    assert told == "an item of a batch that is exported does not change so"


def test_no_item_is_added_to_a_batch_that_was_sent(role, batch):
    exported(batch)
    columns = [field.column for field in SettlementItem._meta.concrete_fields if not field.primary_key]
    copied = ", ".join({"turn": "7", "position": "position + 7"}.get(column, column) for column in columns)
    statement = f"INSERT INTO settlement_settlementitem ({', '.join(columns)}) SELECT {copied}"
    told = refused(role, f"{statement} FROM settlement_settlementitem")
    assert told == "an item of a batch that is exported does not change so"


def by_role(role: str, act) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        act()


def test_the_verbs_of_who_serves_move_a_batch_to_its_end(role, world):
    trades.ready(world)
    trades.ready(world, ("IR-1", 1))
    by_role(role, lambda: discard_batch(batch=made(world), by="me", now=make.NOW))
    by_role(role, lambda: closed(made(world)))
    states = SettlementBatch.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["discarded", "closed"]
    items = SettlementItem.objects.order_by("id").values_list("live", "refusal")
    assert list(items) == [(False, ""), (False, ""), (True, ""), (False, "资料不符")]


def test_a_batch_of_which_the_institution_takes_nothing_ends_so(role, batch):
    by_role(role, lambda: taken(exported(batch), refused=(1, 2)))
    assert SettlementBatch.objects.get().state == "refused"
    assert refused(role, "UPDATE settlement_settlementbatch SET state = 'exported'") == STAYS


def copied(model, **changed: str) -> str:
    """An INSERT of the rows that are there once more, with some columns otherwise."""
    columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    values = ", ".join(changed.get(column, column) for column in columns)
    table = model._meta.db_table
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}"


@pytest.mark.parametrize(
    "told",
    [
        {"state": "'discarded'"},
        {"foreign_minor": "100", "received_minor": "100"},
        {"settled_fen": "1"},
        {"settled_promised_minor": "1"},
        {"result_fen": "-1"},
        {"exported_at": "now()"},
        {"answered_at": "now()"},
        {"closed_at": "now()"},
    ],
)
def test_a_batch_begins_as_a_draft_of_which_nobody_has_said_anything(role, batch, told):
    assert refused(role, copied(SettlementBatch, number="'S2'", **told)) == STAYS


@pytest.mark.parametrize("told", [{"live": "false"}, {"refusal": "'x'"}, {"settled_on": "current_date"}])
def test_an_item_begins_unanswered(role, batch, told):
    assert refused(role, copied(SettlementItem, turn="7", position="position + 7", **told)) == STAYS


def test_a_draft_of_who_serves_is_taken(role, batch):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(copied(SettlementBatch, number="'S2'"))
        cursor.execute(copied(SettlementItem, turn="7", position="position + 7"))
    assert list(SettlementBatch.objects.values_list("state", flat=True)) == ["draft", "draft"]
    assert SettlementItem.objects.count() == 4
