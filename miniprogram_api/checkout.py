"""Checkout: the key is claimed, the order placed and the answer kept in one transaction, or nothing is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

import orjson
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from kernel import problems, receipts
from kernel.clock import shanghai_day
from kernel.errors import Refused
from kernel.idempotency import fingerprint_of, key_of, told
from kernel.problems import BadFields
from kernel.receipts import Answer
from miniprogram_api.door import Door
from miniprogram_api.sayings import A_NOTICE, A_QUOTE, AN_OBJECT, SOME_SKUS
from miniprogram_api.ways_out import with_ways
from orders.services.place import Confirmation, place_order
from orders.services.quote import MAX_LINES
from orders.services.write import Placed
from orders.states import ORDER

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class _Wish:
    quote: UUID
    risk_notice: str | None
    return_exclusions: tuple[str, ...]


def place(door: Door, request: HttpRequest) -> HttpResponse:
    """The whole of checkout, in one transaction: claim the key, place, keep the answer."""
    key, print_, wish = key_of(request), fingerprint_of(request), _wish(request)
    source = f"api:{door.own.customer_id}:orders.place"
    kept: list[Answer] = []

    def keep(answer: Answer) -> None:
        receipts.keep(source=source, key=key, fingerprint=print_, answer=answer, now=door.now)
        kept.append(answer)

    def keep_placed(placed: Placed) -> None:
        body = {
            "number": placed.number,
            "state": ORDER.start,
            "total_fen": placed.total_fen,
            "expires_at": placed.expires_at,
        }
        keep(Answer(201, orjson.dumps(body)))

    with transaction.atomic():
        before = receipts.take(source=source, key=key, fingerprint=print_)
        if before is not None:
            return told(before, replayed=True)
        try:
            place_order(
                shop=door.shop,
                customer_id=door.own.customer_id,
                quote_token=wish.quote,
                confirmation=Confirmation(wish.risk_notice, wish.return_exclusions),
                now=door.now,
                on_placed=keep_placed,
            )
        except Refused as refused:  # its judgement stays, and so does the answer
            document = problems.document(refused, problems.language_of(request))
            document["refusals"] = with_ways(document["refusals"], shanghai_day(door.now))
            keep(Answer(problems.status_of(refused), orjson.dumps(document)))
    return told(kept[0])


def _wish(request: HttpRequest) -> _Wish:
    """The body, checked by hand: this is the path that counts. Raises Malformed, BadFields."""
    if request.content_type != "application/json":
        raise problems.UnsupportedMediaType()
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as failure:
        raise problems.Malformed() from failure
    if not isinstance(body, dict):
        raise BadFields({"non_field_errors": [_fault(AN_OBJECT)]})
    quote, notice = body.get("quote"), body.get("risk_notice")
    try:
        token = UUID(quote if isinstance(quote, str) and len(quote) == 36 else "")
    except ValueError as failure:
        raise BadFields({"quote": [_fault(A_QUOTE)]}) from failure
    if notice is not None and not (isinstance(notice, str) and _SHA256.fullmatch(notice)):
        raise BadFields({"risk_notice": [_fault(A_NOTICE)]})
    given_up = body.get("return_exclusions", [])
    if (
        not isinstance(given_up, list)
        or len(given_up) > MAX_LINES
        or not all(_is_sku(sku) for sku in given_up)
    ):
        raise BadFields({"return_exclusions": [_fault(SOME_SKUS)]})
    return _Wish(token, notice, tuple(dict.fromkeys(given_up)))


def _is_sku(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64 and "\0" not in value


def _fault(message: str) -> dict[str, str]:
    return {"message": str(message), "code": "invalid"}
