"""When somebody else has paid: until when they can be named as orderer; or the money back."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance.models import Judgement, PayerCheck
from compliance.services.notices import current_notice
from compliance.states import PAYER
from customers.models import NamedPayer
from customers.services.naming import NOTICE
from customers.states import NAMING
from kernel.clock import shanghai_day
from kernel.documents import Text, answers
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from miniprogram_api.identity import DEVICE, device_of
from miniprogram_api.orders import NUMBER, OrderState
from miniprogram_api.payment import order_of
from miniprogram_api.ways_out import RefusalOut, with_ways
from orders import queries as orders
from orders.models import Order
from orders.services.name_orderer import may_name
from orders.services.name_payer import last_named, name_payer
from payments.services.ask_payer import may_refund_instead, refund_instead


class PayerIn(serializers.Serializer[Any]):
    """Who paid: name and resident identity number (公民身份号码, GB 11643), and the version of the notice by
    which the consumer confirmed just now that this person knows of it and has consented."""

    name = serializers.CharField(max_length=60)
    number = serializers.CharField(max_length=32)
    notice = serializers.CharField(max_length=20, help_text="version of the notice that was confirmed")


class NamedOut(serializers.Serializer[Any]):
    """Whom the consumer named last: “asked” is being verified, “rejected” was not confirmed, “refused” may
    not be the orderer by the rules named; of that person nothing is told."""

    state = serializers.ChoiceField(NAMING.states)
    named_at = serializers.DateTimeField()
    refusals = RefusalOut(many=True)


class NamingNoticeOut(serializers.Serializer[Any]):
    """The notice to confirm, which has to be shown before somebody else is named."""

    version = serializers.CharField()
    sha256 = serializers.CharField()
    title = Text()
    text = Text()


class OrdererOut(serializers.Serializer[Any]):
    """Who orders, masked, and whether WeChat says that this person has paid."""

    name_masked = serializers.CharField(allow_blank=True)
    number_masked = serializers.CharField(allow_blank=True)
    payer = serializers.ChoiceField(
        PAYER.states, help_text="支付人核对 · “different”: name the payer, or take the money back"
    )
    name_until = serializers.DateTimeField(
        allow_null=True, help_text="更正期限；逾期自动取消并退款 · then it is cancelled and refunded"
    )
    may_name = serializers.BooleanField()
    may_refund = serializers.BooleanField()
    named = NamedOut(allow_null=True)
    notice = NamingNoticeOut()


class OrdererView(Door):
    """订购人与支付人."""

    own_transaction = frozenset({"PUT"})
    limits = {"PUT": Limit("orderer", 10, 3600)}

    @extend_schema(
        operation_id="orderer",
        tags=["orders"],
        parameters=[NUMBER],
        responses=answers(200, OrdererOut, 401, 404),
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """Whether the payer is the orderer, until when that can be mended, and how."""
        return Json(self._shown(orders.order(customer_id=self.own.customer_id, number=number)))

    @extend_schema(
        operation_id="name_payer",
        tags=["orders"],
        parameters=[NUMBER, DEVICE],
        request=PayerIn,
        responses=answers(200, OrdererOut, 400, 401, 403, 404, 409, 415, 422, 429),
    )
    def put(self, request: Request, number: str) -> HttpResponse:
        """Name who paid as the orderer: verified like any orderer, and judged with their own year.

        The same person again is the same, so that a lost answer is asked for by sending it again; there is no
        key, as a key would keep a trace of the number. Where the provider does not answer in time `named`
        stays “asked” and the house goes on by itself. Refused by the rules, somebody else may be named until
        `name_until`.
        """
        wanted = self.taken(PayerIn).validated_data
        name_payer(
            order=order_of(self, number),
            customer=self.customer(),
            name=wanted["name"],
            number=wanted["number"],
            notice_version=wanted["notice"],
            device=device_of(request),
            now=self.now,
        )
        with transaction.atomic():
            return Json(self._shown(orders.order(customer_id=self.own.customer_id, number=number)))

    def _shown(self, row: Order) -> dict[str, Any]:
        check = PayerCheck.objects.filter(order_number=row.number).first()
        notice = current_notice(kind=NOTICE, now=self.now)
        who = orders.orderer(row)
        return {
            "name_masked": who.name_masked,
            "number_masked": who.number_masked,
            "payer": check.state if check else PAYER.start,
            "name_until": check.deadline_at if check and check.state == "different" else None,
            "may_name": may_name(row, check, self.now),
            "may_refund": may_refund_instead(row, check),
            "named": _named(row, last_named(order=row)),
            "notice": {
                "version": notice.version,
                "sha256": notice.sha256,
                "title": {"zh": notice.title_zh, "en": notice.title_en},
                "text": {"zh": notice.zh, "en": notice.en},
            },
        }


class RefundInstead(Door):
    """不更正，立即退款."""

    limits = {"POST": Limit("cancel", 60, 60)}

    @extend_schema(
        operation_id="refund_instead",
        tags=["orders"],
        parameters=[NUMBER],
        request=None,
        responses=answers(200, OrderState, 401, 404, 409, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Name nobody: the order is cancelled now and everything refunded. A second time it is the same."""
        row = orders.order(customer_id=self.own.customer_id, number=number)
        refund_instead(order_number=row.number, now=self.now)
        row.refresh_from_db(fields=["state"])
        return Json({"number": row.number, "state": row.state})


def _named(row: Order, named: NamedPayer | None) -> dict[str, Any] | None:
    if named is None:
        return None
    refusals: list[dict[str, Any]] = []
    if named.state == "refused":
        judged = Judgement.objects.filter(order_number=row.number, moment="naming", allowed=False)
        last = judged.order_by("-decided_at").values_list("refusals", flat=True).first()
        refusals = with_ways([one | {"facts": {}} for one in last or []], shanghai_day(named.named_at))
    return {"state": named.state, "named_at": named.named_at, "refusals": refusals}
