"""Wrong, missing or damaged goods, or an exchange: asked for and ordered again in one call, once per key."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel import problems, receipts
from kernel.documents import answers
from kernel.errors import Problem, Refused
from kernel.idempotency import fingerprint_of, header, key_of, told
from kernel.receipts import Answer
from kernel.throttle import Limit
from miniprogram_api.door import Door
from miniprogram_api.orders import OrderIn, OrderPlaced
from miniprogram_api.return_requests import ORDER_NUMBER, ReturnAsked, ReturnIn, asked_told, wish_of
from orders.services.place import Confirmation
from returns import queries as returns
from returns.services.again import order_again
from returns.services.ask import ask_return

_KEY = header(
    "每次申请一个新值；重试时不变，换新报价亦同 · a new one for each request, the same one for a retry, also"
    " with a new quote"
)


class AgainIn(ReturnIn, OrderIn):
    """The request, and the quote of what is to be sent again, with what is confirmed for any order."""


class AgainOut(serializers.Serializer[Any]):
    """The request stands; the order is there to be paid, or `problem` says why there is none yet: then send
    the same key again with a new quote, or wait for the answer."""

    request = ReturnAsked()
    order = OrderPlaced(allow_null=True)
    problem = serializers.DictField(allow_null=True, help_text="as of orders: sold out, over the limit, …")


class AskAgain(Door):
    """补发、换货：申请并重新下单."""

    limits = {"POST": Limit("returns", 60, 3600)}

    @extend_schema(
        operation_id="ask_return_again",
        tags=["returns"],
        parameters=[ORDER_NUMBER, _KEY],
        request=AgainIn,
        responses=answers(201, AgainOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Ask what a claim or an exchange gives, and order the goods again on a quote, in one step. The new
        order is paid by itself; the refund is answered as any other, and neither waits for the other."""
        order = returns.own_order(customer_id=self.own.customer_id, number=number)
        sent = request._request
        key, print_ = key_of(sent), fingerprint_of(sent)
        wanted = self.taken(AgainIn).validated_data
        source = f"api:{self.own.customer_id}:returns.again"
        before = receipts.take(source=source, key=key, fingerprint=print_)
        if before is not None:
            return told(before, replayed=True)
        row = ask_return(
            number=order.number,
            wished=wish_of(wanted),
            key=hashlib.sha256(f"again:{key}".encode()).hexdigest(),
            now=self.now,
            words=wanted.get("words", ""),
            pictures=wanted.get("pictures", ()),
        )
        placed: Any = None
        problem: Problem | None = None
        try:
            with transaction.atomic():
                made = order_again(
                    request=row,
                    shop=self.shop,
                    customer_id=self.own.customer_id,
                    quote_token=wanted["quote"],
                    confirmation=Confirmation(
                        wanted["risk_notice"], tuple(dict.fromkeys(wanted.get("return_exclusions", ())))
                    ),
                    now=self.now,
                )
        except Problem as met:
            problem = met
        else:
            problem = made if isinstance(made, Refused) else None
            if not isinstance(made, Refused):
                placed = {
                    "number": made.number,
                    "state": made.state,
                    "total_fen": made.total_fen,
                    "expires_at": made.expires_at,
                }
        document = problems.document(problem, problems.language_of(sent)) if problem else None
        answer = Answer(
            201,
            orjson.dumps({"request": asked_told(row, self.now), "order": placed, "problem": document}),
        )
        if placed is not None:  # without an order the same key may be tried again
            receipts.keep(source=source, key=key, fingerprint=print_, answer=answer, now=self.now)
        return told(answer)
