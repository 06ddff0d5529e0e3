"""What customs asked for of an order's payment (支付原始数据), and what it was given, letter by letter."""

from __future__ import annotations

from customs import labels
from customs.dossier.parts import Entry, Opener, each, told
from customs.models import DataRequest
from orders.models import Order


def payment_data_of(opener: Opener) -> list[Entry]:
    """Each request with what became of it, and each `payExInfoStr` that was given; nothing where none was."""
    requests = list(DataRequest.objects.filter(order=opener.order).order_by("id"))
    if not requests:
        return []
    given = [one for one in requests if one.state == "given" and bytes(one.body_sealed)]
    texts = opener.open([(labels.DATA_GIVEN, one.public_id, bytes(one.body_sealed)) for one in given])
    zh, en = "提供给海关的支付数据", "payment data as customs was given it"
    return [
        told("payment-data.json", "海关调取支付数据的记录", "requests for payment data", each(requests)),
        *(
            Entry(f"customs/payment-data/{number:02d}-{one.session}.json", zh, en, text.encode())
            for number, (one, text) in enumerate(zip(given, texts, strict=True), 1)
        ),
    ]


def request_keys(order: Order) -> list[str]:
    """The keys of the histories of the requests."""
    return [one.event_key for one in DataRequest.objects.filter(order=order).order_by("id")]
