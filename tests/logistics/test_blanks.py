"""A carrier's line of blanks costs no more than any other, and nothing is cut before it is masked."""

from __future__ import annotations

import signal

import pytest

from logistics.carrier_words import KEPT, masked
from logistics.gateways.tracking import Report, Told
from logistics.models import TrackingEvent
from logistics.services import tracking
from logistics.vocabulary import Code
from tests.logistics import shipping
from tests.logistics.shipping import LATER


@pytest.mark.parametrize(
    "text", ["签收人" + " " * 100_000, "快件已签收" + "\n\t " * 50_000 + "谢谢", " " * 500_000]
)
def test_a_line_of_blanks_is_read_at_once(text):
    def too_long(*_: object) -> None:
        raise AssertionError("it is read for ten seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(10)
    try:
        assert len(masked(text)) <= KEPT
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_telephone_at_the_end_of_what_is_kept_is_masked():
    told = masked("货" * (KEPT - 5) + "13812345678，谢谢")
    assert told.endswith("138**")
    assert "13812" not in told


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", ["1234567890123", "5\0" * 10])
def test_a_providers_code_of_any_length_is_kept_as_far_as_it_goes(world, code):
    shipping.sf(world.shop)
    parcel = shipping.labelled(world, ("HD-1", 1))
    told = (Told(LATER, Code.PICKED_UP, code, "已揽收"),)
    tracking.take_in_tracking(
        storefront_id=parcel.storefront_id, report=Report("sf", "SF", parcel.waybill, told), now=LATER
    )
    assert TrackingEvent.objects.get().raw_code == code.replace("\0", "")[:12]
