"""Forex batches 结汇批次: what was asked for, at which rate it came, and what the bank credited so far."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import answers, in_path
from kernel.errors import Missing
from partner_api.door import Json, PartnerDoor, marked
from partner_api.pages import PageQuery, page, paged, turned
from partner_api.settlement import READ
from settlement.models import SettlementBatch, SettlementItem
from settlement.states import BATCH

LIST, ITEMS = "batches", "batch_items"
NUMBER = in_path("number", "of the batch")


class BatchQuery(PageQuery):
    """Which batches."""

    state = serializers.ChoiceField(BATCH.states, required=False, default="")


class BatchOut(serializers.Serializer[Any]):
    """A batch; `_fen` are yuan, `_minor` are minor units of its currency."""

    number = serializers.CharField()
    state = serializers.ChoiceField(BATCH.states)
    currency = serializers.CharField()
    items_count = serializers.IntegerField()
    net_fen = serializers.IntegerField(help_text="what is converted, after refunds and fees")
    promised_minor = serializers.IntegerField()
    settled_fen = serializers.IntegerField(help_text="of the items that the institution took")
    settled_minor = serializers.IntegerField(help_text="what came for these, at its rates")
    received_minor = serializers.IntegerField(help_text="credited or charged by the bank so far")
    result_fen = serializers.IntegerField(help_text="forex result 汇兑损益; above 0 is a gain")
    made_at = serializers.DateTimeField()
    exported_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class BatchItemOut(serializers.Serializer[Any]):
    """One order's place in a batch; a later turn corrects what was settled of it before."""

    position = serializers.IntegerField()
    order = serializers.CharField()
    turn = serializers.IntegerField()
    gross_fen = serializers.IntegerField()
    refunded_fen = serializers.IntegerField()
    fee_fen = serializers.IntegerField()
    net_fen = serializers.IntegerField()
    locked_rate = serializers.CharField(help_text="yuan for 100 units")
    promised_minor = serializers.IntegerField()
    rate = serializers.CharField(allow_null=True, help_text="the institution's, yuan for 100 units")
    settled_minor = serializers.IntegerField(allow_null=True)
    settled_on = serializers.DateField(allow_null=True)
    refusal = serializers.CharField(allow_null=True, help_text="why the institution did not take it")


class Batches(PartnerDoor):
    """Forex batches."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[BatchQuery], responses=answers(200, paged(BatchOut), 422))
    def get(self, request: Request) -> Json:
        """The batches of this storefront, the youngest first."""
        asked = self.asked(BatchQuery).validated_data
        rows = SettlementBatch.objects.filter(storefront=self.storefront)
        if asked["state"]:
            rows = rows.filter(state=asked["state"])
        items, more = turned(rows, LIST, asked, by="-pk")
        return Json(page([_batch(one) for one in items], next=more))


class OneBatch(PartnerDoor):
    """A forex batch."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[NUMBER], responses=answers(200, BatchOut))
    def get(self, request: Request, number: str) -> Json:
        """The batch, and its ETag."""
        told = _batch(_one(self, number))
        return marked(told)


class BatchItems(PartnerDoor):
    """Positions of a batch."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[NUMBER, PageQuery], responses=answers(200, paged(BatchItemOut), 422))
    def get(self, request: Request, number: str) -> Json:
        """Each order in the batch, by its position in the institution's file."""
        asked = self.asked(PageQuery).validated_data
        batch, name = _one(self, number), f"{ITEMS}:{number}"
        items, more = turned(batch.items.select_related("order"), name, asked, by="position")
        return Json(page([_item(one) for one in items], next=more))


def _one(door: PartnerDoor, number: str) -> SettlementBatch:
    found = SettlementBatch.objects.filter(storefront=door.storefront, number=number[:32]).first()
    if found is None:
        raise Missing()
    return found


def _batch(row: SettlementBatch) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state,
        "currency": row.currency,
        "items_count": row.items_count,
        "net_fen": row.net_fen,
        "promised_minor": row.promised_minor,
        "settled_fen": row.settled_fen,
        "settled_minor": row.foreign_minor,
        "received_minor": row.received_minor,
        "result_fen": row.result_fen,
        "made_at": row.made_at,
        "exported_at": row.exported_at,
        "answered_at": row.answered_at,
        "closed_at": row.closed_at,
    }


def _item(row: SettlementItem) -> dict[str, Any]:
    return {
        "position": row.position,
        "order": row.order.number,
        "turn": row.turn,
        "gross_fen": row.gross_fen,
        "refunded_fen": row.refunded_fen,
        "fee_fen": row.fee_fen,
        "net_fen": row.net_fen,
        "locked_rate": str(row.cny_per_100),
        "promised_minor": row.promised_minor,
        "rate": None if row.rate is None else str(row.rate),
        "settled_minor": row.foreign_minor,
        "settled_on": row.settled_on,
        "refusal": row.refusal or None,
    }
