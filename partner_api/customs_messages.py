"""What customs was told of an order and what it answered; what a message says is given apart, on record."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customs.models import Filing, PortReceipt
from customs.services.content_for_partner import PURPOSES, SCOPE, give_content
from kernel.documents import answers, in_path
from kernel.errors import Missing
from partner_api.customs import MESSAGE, NUMBER, READ, SaidOut, declared, said
from partner_api.door import Json, MissingScope, PartnerDoor
from partner_api.pages import PageQuery, cursor_of, id_of, page, paged

_OUT, _IN = "out", "in"


class ContentQuery(serializers.Serializer[Any]):
    """What for."""

    purpose = serializers.ChoiceField(PURPOSES)


class CustomsMessageOut(serializers.Serializer[Any]):
    """A document that customs was told, or one that came from there."""

    id = serializers.UUIDField()
    direction = serializers.ChoiceField([_OUT, _IN])
    type = serializers.CharField(help_text="CEB311Message …")
    document = serializers.ChoiceField(Filing.Kind.choices, help_text="the document that it is, or is about")
    document_id = serializers.CharField(help_text="guid of that document")
    message_id = serializers.CharField(allow_null=True, help_text="guid of the signed message that took it")
    made_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField(allow_null=True)
    status = SaidOut(allow_null=True, help_text="out: what customs last said of it; in: what this says")
    error = SaidOut(allow_null=True, help_text="the error that a receipt names")
    stands = serializers.BooleanField(help_text="out: no later version took its place; in: it was followed")
    sha256 = serializers.CharField(allow_null=True, help_text="of the whole signed message; of the receipt")


class CustomsContentOut(serializers.Serializer[Any]):
    """What a message says, byte for byte."""

    id = serializers.UUIDField()
    type = serializers.CharField()
    whole = serializers.BooleanField(
        help_text="false: the document alone, for its message holds those of other orders or is not signed"
    )
    sha256 = serializers.CharField(help_text="of these bytes")
    content = serializers.CharField(help_text="XML in base64")


class Messages(PartnerDoor):
    """Messages of a declaration."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[NUMBER, PageQuery], responses=answers(200, paged(CustomsMessageOut), 422))
    def get(self, request: Request, number: str) -> Json:
        """What customs was told of an order and what it answered, the oldest first; nothing personal."""
        asked = self.asked(PageQuery).validated_data
        row, name = declared(self, number)[1], f"messages:{number}"
        filings = row.filings.exclude(body_sealed=b"")
        receipts = PortReceipt.objects.filter(filing__declaration=row)
        after = id_of(name, asked["cursor"])
        if after is not None:
            filings, receipts = filings.filter(public_id__gt=after), receipts.filter(public_id__gt=after)
        most = asked["limit"] + 1
        found: list[Filing | PortReceipt] = [
            *filings.select_related("message").defer("body_sealed").order_by("public_id")[:most],
            *receipts.select_related("filing").defer("raw_sealed").order_by("public_id")[:most],
        ]
        found.sort(key=lambda one: one.public_id)
        items = found[: asked["limit"]]
        more = cursor_of(name, items[-1].public_id) if len(found) > len(items) else None
        return Json(page([_shown(one) for one in items], next=more))


class Content(PartnerDoor):
    """What a message says."""

    scopes = {"GET": READ}
    signed = frozenset({"GET"})

    @extend_schema(
        parameters=[NUMBER, in_path("id", "of the message", OpenApiTypes.UUID), ContentQuery],
        responses=answers(200, CustomsContentOut, 409, 422),
    )
    def get(self, request: Request, number: str, id: UUID) -> Json:
        """The message in plain, with name, identity number, telephone and address; each answer is on record.

        It needs the scope `personal:declaration`, to which a second colleague of the brand agrees, and is
        given to partners in China alone.
        """
        asked = self.asked(ContentQuery).validated_data
        row = declared(self, number)[1]
        if not self.may(SCOPE):
            raise MissingScope(SCOPE)
        found: Filing | PortReceipt | None = (
            row.filings.select_related("message").filter(public_id=id).first()
            or PortReceipt.objects.filter(filing__declaration=row, public_id=id).first()
        )
        if found is None:
            raise Missing()
        type_ = _type(found)
        given = give_content(
            declaration=row,
            message=found,
            name=type_,
            partner=self.caller.partner,
            purpose=asked["purpose"],
            now=self.now,
        )
        answer = Json(
            {
                "id": found.public_id,
                "type": type_,
                "whole": given.whole,
                "sha256": hashlib.sha256(given.raw).hexdigest(),
                "content": base64.b64encode(given.raw).decode(),
            }
        )
        answer["Cache-Control"] = "no-store"
        return answer


def _type(row: Filing | PortReceipt) -> str:
    return MESSAGE[Filing.Kind(row.kind)] if isinstance(row, Filing) else row.name


def _shown(row: Filing | PortReceipt) -> dict[str, Any]:
    if isinstance(row, Filing):
        message = row.message
        told: dict[str, Any] = {
            "direction": _OUT,
            "document": row.kind,
            "document_id": row.guid,
            "message_id": message.guid if message else None,
            "made_at": row.made_at,
            "sent_at": row.sent_at,
            "received_at": None,
            "error": None,
            "stands": not row.superseded,
            "sha256": message.digest or None if message else None,
        }
    else:
        assert row.filing is not None
        told = {
            "direction": _IN,
            "document": row.filing.kind,
            "document_id": row.filing.guid,
            "message_id": None,
            "made_at": row.told_at,
            "sent_at": None,
            "received_at": row.received_at,
            "error": said(row.code),
            "stands": row.outcome == PortReceipt.Outcome.TAKEN,
            "sha256": row.digest,
        }
    return {"id": row.public_id, "type": _type(row), "status": said(row.status), **told}
