"""What a period brought: the brand's statement in its own currency, and the accounts of the books.

Days are days in China (Asia/Shanghai), both ends included.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import answers, problems
from kernel.errors import Invalid
from partner_api.door import Json, PartnerDoor
from partner_api.pages import PageQuery, page, paged, turned
from settlement.accounts import Account
from settlement.brand import brand_statement, brand_sums, line_of
from settlement.brand_file import write
from settlement.currency import CURRENCIES
from settlement.models import ForexReceipt, SettlementItem
from settlement.queries import statement

READ: Final = "settlement:read"
LINES, RECEIPTS = "settlement_lines", "settlement_receipts"
LONGEST: Final = timedelta(days=366)


class PeriodWrong(Invalid):
    """Days that are no period, or too many of them."""

    code = "period_wrong"
    title = "The last day is the first one or later, and at most a year after it."
    title_zh = "截止日不得早于起始日，且跨度不超过一年。"


class PeriodQuery(serializers.Serializer[Any]):
    """Which days, of China."""

    first = serializers.DateField(help_text="first day, YYYY-MM-DD")
    last = serializers.DateField(help_text="last day, at most a year after the first")

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        """A period of at most a year; raises PeriodWrong."""
        if not timedelta() <= told["last"] - told["first"] < LONGEST:
            raise PeriodWrong()
        return told


class BrandQuery(PeriodQuery):
    """Which days, in which currency."""

    currency = serializers.ChoiceField(sorted(CURRENCIES))


class BrandPageQuery(BrandQuery, PageQuery):
    """A page of these days."""


class BrandOut(serializers.Serializer[Any]):
    """Sums of a period: `_fen` are yuan, `_minor` are minor units of the brand's currency."""

    currency = serializers.CharField()
    first = serializers.DateField()
    last = serializers.DateField()
    opening_minor = serializers.IntegerField(help_text="settled before, not yet told of by the bank")
    gross_fen = serializers.IntegerField()
    refunded_fen = serializers.IntegerField()
    fee_fen = serializers.IntegerField()
    net_fen = serializers.IntegerField()
    promised_minor = serializers.IntegerField(help_text="at the rates locked on the orders")
    settled_minor = serializers.IntegerField(help_text="at the institution's rates")
    charged_minor = serializers.IntegerField(help_text="kept by the bank")
    credited_minor = serializers.IntegerField()
    closing_minor = serializers.IntegerField(help_text="opening + settled − charged − credited")


class BrandLineOut(serializers.Serializer[Any]):
    """One order's share of what was settled."""

    settled_on = serializers.DateField()
    batch = serializers.CharField()
    order = serializers.CharField()
    gross_fen = serializers.IntegerField()
    refunded_fen = serializers.IntegerField()
    fee_fen = serializers.IntegerField()
    net_fen = serializers.IntegerField()
    locked_rate = serializers.CharField(help_text="yuan for 100 units, locked on the order")
    promised_minor = serializers.IntegerField()
    rate = serializers.CharField(help_text="the institution's, yuan for 100 units")
    settled_minor = serializers.IntegerField()
    difference_minor = serializers.IntegerField()


class BankOut(serializers.Serializer[Any]):
    """What the brand's bank told of a batch: a credit, or a charge that it kept."""

    credited_on = serializers.DateField()
    batch = serializers.CharField()
    reference = serializers.CharField()
    kind = serializers.ChoiceField(ForexReceipt.Kind.choices)
    amount_minor = serializers.IntegerField()


class AccountOut(serializers.Serializer[Any]):
    """An account over a period, in fen: a debit is above zero, a credit is what it is less."""

    account = serializers.ChoiceField(Account.choices)
    opening_fen = serializers.IntegerField()
    debit_fen = serializers.IntegerField()
    credit_fen = serializers.IntegerField()
    closing_fen = serializers.IntegerField()


class LedgerOut(serializers.Serializer[Any]):
    """Every account; openings, and so closings, sum to zero."""

    first = serializers.DateField()
    last = serializers.DateField()
    accounts = AccountOut(many=True)


class Brand(PartnerDoor):
    """Statement for the brand."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[BrandQuery], responses=answers(200, BrandOut, 422))
    def get(self, request: Request) -> Json:
        """What a period brought in the brand's currency, as sums."""
        days = self.asked(BrandQuery).validated_data
        return Json({**days, **brand_sums(storefront_id=self.storefront.pk, **days)})


class BrandLines(PartnerDoor):
    """Orders of the statement for the brand."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[BrandPageQuery], responses=answers(200, paged(BrandLineOut), 422))
    def get(self, request: Request) -> Json:
        """Each order's share of what was settled in a period; ask for days that are over."""
        asked = self.asked(BrandPageQuery).validated_data
        rows = SettlementItem.objects.filter(
            storefront=self.storefront,
            batch__currency=asked["currency"],
            settled_on__range=(asked["first"], asked["last"]),
        )
        items, more = turned(rows.select_related("batch", "order"), LINES, asked)
        return Json(page([_line(one) for one in items], next=more))


class BrandReceipts(PartnerDoor):
    """What the brand's bank told."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[BrandPageQuery], responses=answers(200, paged(BankOut), 422))
    def get(self, request: Request) -> Json:
        """What the bank credited and kept in a period."""
        asked = self.asked(BrandPageQuery).validated_data
        rows = ForexReceipt.objects.filter(
            storefront=self.storefront,
            batch__currency=asked["currency"],
            credited_on__range=(asked["first"], asked["last"]),
        )
        items, more = turned(rows.select_related("batch"), RECEIPTS, asked)
        return Json(page([_bank(one) for one in items], next=more))


class BrandFile(PartnerDoor):
    """The statement for the brand as a file."""

    scopes = {"GET": READ}

    @extend_schema(
        parameters=[BrandQuery],
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY, "UTF-8; the file that the admin gives"),
            **problems(422),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """The whole statement of a period as CSV: brought forward, orders, bank, totals, carried forward."""
        days = self.asked(BrandQuery).validated_data
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        name = f"brand-{self.storefront.code}-{days['currency']}-{days['first']}-{days['last']}.csv"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["Cache-Control"] = "no-store"
        write(brand_statement(storefront_id=self.storefront.pk, **days), answer)
        return answer


class Ledger(PartnerDoor):
    """Statement of the books."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[PeriodQuery], responses=answers(200, LedgerOut, 422))
    def get(self, request: Request) -> Json:
        """What stood in each account before a period, its debits and credits, and what stands after."""
        days = self.asked(PeriodQuery).validated_data
        lines = statement(storefront_id=self.storefront.pk, **days)
        names = ("opening_fen", "debit_fen", "credit_fen", "closing_fen")
        shown = [{"account": one.account} | {name: getattr(one, name) for name in names} for one in lines]
        return Json({**days, "accounts": shown})


def _line(item: SettlementItem) -> dict[str, Any]:
    told = line_of(item)
    return {
        "settled_on": told.settled_on,
        "batch": told.batch,
        "order": told.order,
        "gross_fen": told.gross_fen,
        "refunded_fen": told.refunded_fen,
        "fee_fen": told.fee_fen,
        "net_fen": told.net_fen,
        "locked_rate": str(told.locked),
        "promised_minor": told.promised_minor,
        "rate": str(told.rate),
        "settled_minor": told.foreign_minor,
        "difference_minor": told.result_minor,
    }


def _bank(one: ForexReceipt) -> dict[str, Any]:
    return {
        "credited_on": one.credited_on,
        "batch": one.batch.number,
        "reference": one.reference,
        "kind": one.kind,
        "amount_minor": one.amount_minor,
    }
