"""Declarations as a broker or an ERP sees them: how far each is at customs, and nothing personal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customs.models import Declaration, Filing, TaxSheet
from customs.services.filing import NAMES
from customs.states import DECLARATION
from customs.steps import says
from kernel.documents import answers, in_path
from kernel.models import Event
from partner_api.changes import Changed, ChangeQuery, Changes, FieldsQuery
from partner_api.door import Json, PartnerDoor, marked
from partner_api.pages import Sparse, paged, sparse

READ = "customs:read"
NUMBER = in_path("number", "of the order")
_EVENT: Final = f"{DECLARATION.name}."
# The documents of others: their messages by the specification.
_OTHERS = {Filing.Kind.PAYMENT: "CEB411Message", Filing.Kind.WAYBILL: "CEB511Message"}
MESSAGE: Final = {**NAMES, **_OTHERS}


class DeclarationQuery(ChangeQuery):
    """Which declarations."""

    state = serializers.ChoiceField(DECLARATION.states, required=False, default="")


class SaidOut(serializers.Serializer[Any]):
    """A status of customs or an error code (回执状态), with its words where a table has them."""

    code = serializers.CharField()
    zh = serializers.CharField(allow_blank=True)
    en = serializers.CharField(allow_blank=True)


class DeclaredTaxOut(serializers.Serializer[Any]):
    """Tax as the list declared it; each 0 before the list is made."""

    duty_fen = serializers.IntegerField()
    vat_fen = serializers.IntegerField()
    excise_fen = serializers.IntegerField()
    total_fen = serializers.IntegerField()


class DeclarationOut(Sparse):
    """A declaration, by the number of its order."""

    number = serializers.CharField(help_text="of the order")
    state = serializers.ChoiceField(DECLARATION.states)
    changed_at = serializers.DateTimeField(help_text="last change of the declaration or of its order")
    round = serializers.IntegerField(help_text="how many lists were made, this one included")
    cop_no = serializers.CharField(help_text="企业内部编号, our number of the list")
    pre_no = serializers.CharField(allow_null=True, help_text="预录入编号, the E-Port's number of the list")
    list_no = serializers.CharField(allow_null=True, help_text="清单编号 invtNo, customs' number of the list")
    status = SaidOut(allow_null=True, help_text="what customs last said of the list")
    awaits = serializers.CharField(allow_null=True, help_text="what it waits for")
    trouble = serializers.CharField(allow_null=True, help_text="why it does not go on")
    district = serializers.CharField(allow_null=True, help_text="申报地海关, four digits")
    declared = DeclaredTaxOut()
    opened_at = serializers.DateTimeField()
    listed_at = serializers.DateTimeField(allow_null=True)
    accepted_at = serializers.DateTimeField(allow_null=True)
    released_at = serializers.DateTimeField(allow_null=True)


class PortAccountOut(serializers.Serializer[Any]):
    """The way to the district."""

    name = serializers.CharField()
    district = serializers.CharField(help_text="申报地海关")
    port = serializers.CharField(help_text="进境口岸")
    active = serializers.BooleanField()


class DocumentOut(serializers.Serializer[Any]):
    """A document that stands at customs or is on its way: 订单, 支付单, 运单, 清单, 撤单, 退货."""

    kind = serializers.ChoiceField(Filing.Kind.choices)
    type = serializers.CharField(help_text="CEB311Message …")
    status = SaidOut(allow_null=True)
    told_at = serializers.DateTimeField(allow_null=True, help_text="when customs said so")
    made_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)


class TaxSheetOut(serializers.Serializer[Any]):
    """A tax sheet 电子税单 as customs assessed it; no amounts yet where its state was told first."""

    number = serializers.CharField()
    status = serializers.ChoiceField(TaxSheet.Status.choices)
    duty_fen = serializers.IntegerField(allow_null=True)
    vat_fen = serializers.IntegerField(allow_null=True)
    excise_fen = serializers.IntegerField(allow_null=True)
    payment_order = serializers.CharField(allow_null=True, help_text="缴款书编号")
    told_at = serializers.DateTimeField()


class StepOut(serializers.Serializer[Any]):
    """One step of its history."""

    at = serializers.DateTimeField()
    event = serializers.CharField(help_text="the state that it came into, or what happened in it")


class OneDeclarationOut(DeclarationOut):
    """A declaration with its documents, tax sheets and history."""

    port_account = PortAccountOut(allow_null=True)
    documents = DocumentOut(many=True)
    tax_sheets = TaxSheetOut(many=True)
    history = StepOut(many=True)


# An order shares its places with what becomes of it at customs.
LIST = Changes("declarations", kind="order", by="order__number", shape=DeclarationOut)


class Declarations(PartnerDoor):
    """Declarations, in the order in which they last changed."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[DeclarationQuery], responses=answers(200, paged(DeclarationOut), 422))
    def get(self, request: Request) -> Json:
        """Declarations, in the order in which they last changed. `next` stands also at the end: ask again
        with it for what changes from now on."""
        asked = self.asked(DeclarationQuery).validated_data
        rows = seen(self)
        if asked["state"]:
            rows = rows.filter(state=asked["state"])
        return LIST.page(asked, LIST.behind(self, asked, rows), shown)


class OneDeclaration(PartnerDoor):
    """A declaration."""

    scopes = {"GET": READ}

    @extend_schema(
        parameters=[NUMBER, FieldsQuery],
        responses=answers(200, OneDeclarationOut, 422),
    )
    def get(self, request: Request, number: str) -> Json:
        """The declaration with its documents, its tax sheets and its history, and its ETag."""
        asked = self.asked(FieldsQuery).validated_data
        change, row = declared(self, number)
        told = _row(change, row) | _more(row)
        return marked(sparse(told, asked["fields"]), of=told)


def seen(door: PartnerDoor) -> QuerySet[Declaration]:
    """The declarations of orders of the warehouses that the partner serves."""
    return Declaration.objects.filter(storefront=door.storefront, order__warehouse__in=door.warehouses())


def declared(door: PartnerDoor, number: str) -> tuple[Changed, Declaration]:
    """The declaration of an order of this storefront; raises Missing."""
    change = LIST.one(door, number, seen(door))
    return change, Declaration.objects.select_related("account", "order__key").get(pk=change.pk)


def said(code: str) -> dict[str, str] | None:
    """A status or an error code with its words; None for none."""
    zh, en = says(code)
    return {"code": code, "zh": zh, "en": en} if code else None


def shown(changes: Sequence[Changed]) -> list[dict[str, Any]]:
    """The declarations of these changes, in their order; one statement."""
    rows = Declaration.objects.select_related("account").in_bulk([one.pk for one in changes])
    return [_row(one, rows[one.pk]) for one in changes]


def _row(change: Changed, row: Declaration) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state,
        "changed_at": change.at,
        "round": row.round,
        "cop_no": row.cop_no,
        "pre_no": row.pre_no or None,
        "list_no": row.list_no or None,
        "status": said(row.status),
        "awaits": row.awaits or None,
        "trouble": row.trouble or None,
        "district": row.account.customs_code if row.account else None,
        "declared": {
            "duty_fen": row.duty_fen,
            "vat_fen": row.vat_fen,
            "excise_fen": row.excise_fen,
            "total_fen": row.declared_tax_fen,
        },
        "opened_at": row.opened_at,
        "listed_at": row.listed_at,
        "accepted_at": row.accepted_at,
        "released_at": row.released_at,
    }


def _more(row: Declaration) -> dict[str, Any]:
    filings = row.filings.filter(superseded=False).defer("body_sealed").order_by("id")
    steps = Event.objects.filter(
        key=row.event_key, storefront_id=row.storefront_id, name__startswith=_EVENT
    ).order_by("seq")
    account = row.account
    return {
        "port_account": account
        and {
            "name": str(account),
            "district": account.customs_code,
            "port": account.port_code,
            "active": account.active,
        },
        "documents": [
            {
                "kind": one.kind,
                "type": MESSAGE[Filing.Kind(one.kind)],
                "status": said(one.status),
                "told_at": one.told_at,
                "made_at": one.made_at,
                "sent_at": one.sent_at,
            }
            for one in filings
        ],
        "tax_sheets": [
            {
                "number": one.tax_no,
                "status": one.status,
                "duty_fen": one.duty_fen,
                "vat_fen": one.vat_fen,
                "excise_fen": one.excise_fen,
                "payment_order": one.duty_no or None,
                "told_at": one.told_at,
            }
            for one in row.tax_sheets.order_by("id")
        ],
        "history": [{"at": one.at, "event": one.name.removeprefix(_EVENT)} for one in steps],
    }
