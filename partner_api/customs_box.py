"""A broker who has the box of a district: messages go out by it, customs' receipts come in."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customs.models import PortMessage, PortReceipt
from customs.services.brokering import box_of_broker, bring, message_of, outbox, transported
from customs.services.content_for_partner import SCOPE, give_message
from kernel.documents import answers, in_path
from kernel.errors import Missing
from partner_api.customs import READ, SaidOut, said
from partner_api.door import Json, MissingScope, PartnerDoor
from partner_api.pages import PageQuery, page, paged, turned

WRITE = "customs:write"
LIST = "outbox"
MOST_BYTES = 700_000  # a receipt of a hundred documents is a tenth of that
_MESSAGE = in_path("message", "guid of the signed message")


class CustomsReceiptBody(serializers.Serializer[Any]):
    """A receipt message 回执 as the port's client gave it, in `xml` as it is or in `content` in base64."""

    district = serializers.RegexField("^[0-9]{4}$", help_text="申报地海关, whose box you have")
    xml = serializers.CharField(
        required=False, default="", allow_blank=True, trim_whitespace=False, max_length=MOST_BYTES
    )
    content = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=MOST_BYTES * 4 // 3
    )

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        """One of the two, as bytes."""
        if bool(told["xml"]) == bool(told["content"]):
            raise serializers.ValidationError({"content": "Send either xml or content."})
        try:
            told["raw"] = told["xml"].encode() or base64.b64decode(told["content"], validate=True)
        except (binascii.Error, ValueError) as wrong:
            raise serializers.ValidationError({"content": "This is no base64."}) from wrong
        return told


class BroughtOut(serializers.Serializer[Any]):
    """A receipt that was taken in."""

    id = serializers.UUIDField()
    type = serializers.CharField(allow_blank=True)
    number = serializers.CharField(allow_null=True, help_text="of the order that it is about")
    status = SaidOut(allow_null=True)
    outcome = serializers.ChoiceField(
        PortReceipt.Outcome.choices,
        help_text="taken: it has its effect; old: a later word is known; else kept as it came, for a person",
    )
    sha256 = serializers.CharField()


class ReceiptsOut(serializers.Serializer[Any]):
    """What is new of what was brought: nothing where it came before."""

    items = BroughtOut(many=True)


class OutboxOut(serializers.Serializer[Any]):
    """A signed message that waits to be transported."""

    message_id = serializers.CharField()
    type = serializers.CharField(help_text="CEB311Message …")
    district = serializers.CharField()
    dxp_id = serializers.CharField(help_text="传输编号")
    documents = serializers.IntegerField()
    made_at = serializers.DateTimeField()
    sha256 = serializers.CharField()


class OutboxContentOut(serializers.Serializer[Any]):
    """A signed message, byte for byte."""

    message_id = serializers.CharField()
    type = serializers.CharField()
    sha256 = serializers.CharField()
    content = serializers.CharField(help_text="XML in base64")


class SentOut(serializers.Serializer[Any]):
    """That a message was handed over."""

    message_id = serializers.CharField()
    sent_at = serializers.DateTimeField()


class CustomsReceipts(PartnerDoor):
    """Receipts of customs."""

    scopes = {"POST": WRITE}

    @extend_schema(request=CustomsReceiptBody, responses=answers(201, ReceiptsOut))
    def post(self, request: Request) -> Json:
        """Bring in what customs answered, byte for byte, for a district whose box you have.

        It is verified, ordered and told apart from what came before as if the house had fetched it.
        """
        told = self.taken(CustomsReceiptBody).validated_data
        account = box_of_broker(connection=self.connection, district=told["district"])
        rows = bring(account=account, raw=told["raw"], by=self.caller.partner, now=self.now)
        return Json({"items": [_brought(row) for row in rows]}, status=201)


class Outbox(PartnerDoor):
    """Messages that wait to be transported."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[PageQuery], responses=answers(200, paged(OutboxOut), 422))
    def get(self, request: Request) -> Json:
        """Signed messages of the districts whose box you have, the oldest first; each until it was sent."""
        asked = self.asked(PageQuery).validated_data
        rows = outbox(connection=self.connection).annotate(many=Count("filings"))
        items, more = turned(rows, LIST, asked)
        return Json(page([_waits(row) for row in items], next=more))


class OneInOutbox(PartnerDoor):
    """A message that is to be transported."""

    scopes = {"GET": READ}
    signed = frozenset({"GET"})

    @extend_schema(parameters=[_MESSAGE], responses=answers(200, OutboxContentOut, 409))
    def get(self, request: Request, message: str) -> Json:
        """The message byte for byte, as the port takes it: hand it over unchanged, its signature covers it.

        It names people, so it needs the scope `personal:declaration` and is on record for each order.
        """
        row = outbox(connection=self.connection).filter(guid=message[:40]).first()
        if row is None:
            raise Missing()
        if not self.may(SCOPE):
            raise MissingScope(SCOPE)
        raw = give_message(message=row, partner=self.caller.partner, now=self.now)
        told = {
            "message_id": row.guid,
            "type": row.name,
            "sha256": hashlib.sha256(raw).hexdigest(),
            "content": base64.b64encode(raw).decode(),
        }
        answer = Json(told)
        answer["Cache-Control"] = "no-store"
        return answer


class SentFromOutbox(PartnerDoor):
    """That a message was transported."""

    scopes = {"POST": WRITE}

    @extend_schema(request=None, parameters=[_MESSAGE], responses=answers(201, SentOut))
    def post(self, request: Request, message: str) -> Json:
        """Say that the port has it; once and for all. It is in the outbox no more."""
        row = message_of(connection=self.connection, guid=message)
        sent = transported(message=row, by=self.caller.partner, now=self.now)
        return Json({"message_id": row.guid, "sent_at": sent}, status=201)


def _brought(row: PortReceipt) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "type": row.name,
        "number": row.filing.declaration.number if row.filing else None,
        "status": said(row.status),
        "outcome": row.outcome,
        "sha256": row.digest,
    }


def _waits(row: PortMessage) -> dict[str, Any]:
    return {
        "message_id": row.guid,
        "type": row.name,
        "district": row.account.customs_code,
        "dxp_id": row.account.dxp_id,
        "documents": getattr(row, "many"),  # noqa: B009
        "made_at": row.made_at,
        "sha256": row.digest,
    }
