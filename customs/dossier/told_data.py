"""What customs asked for of an order's payment (支付原始数据), and what it was given, letter by letter."""

from __future__ import annotations

from customs import labels
from customs.dossier.parts import Entry, Opener, each, told
from customs.models import DataRequest
from orders.models import Order

_NOT_TAKEN = ".not-taken"
_GIVEN = ("提供给海关的支付数据", "payment data as customs was given it")
_SIGNED = ("已加签、海关未接收的支付数据", "payment data as it was signed; customs has not taken it")


def payment_data_of(opener: Opener) -> list[Entry]:
    """Each request with what became of it, and each `payExInfoStr` that was signed; nothing where none was.

    What customs did not take may have reached it: it is told too, as such.
    """
    requests = list(DataRequest.objects.filter(order=opener.order).order_by("id"))
    if not requests:
        return []
    signed = [one for one in requests if bytes(one.body_sealed)]
    texts = opener.open([(labels.DATA_GIVEN, one.public_id, bytes(one.body_sealed)) for one in signed])
    return [
        told("payment-data.json", "海关调取支付数据的记录", "requests for payment data", each(requests)),
        *(
            Entry(
                f"customs/payment-data/{number:02d}-{one.session}{_NOT_TAKEN * (one.state != 'given')}.json",
                *(_GIVEN if one.state == "given" else _SIGNED),
                text.encode(),
            )
            for number, (one, text) in enumerate(zip(signed, texts, strict=True), 1)
        ),
    ]


def requests_of(order: Order) -> list[str]:
    """By what the log of accesses names what customs was given."""
    return [str(one) for one in DataRequest.objects.filter(order=order).values_list("public_id", flat=True)]


def request_keys(order: Order) -> list[str]:
    """The keys of the histories of the requests."""
    return [one.event_key for one in DataRequest.objects.filter(order=order).order_by("id")]
