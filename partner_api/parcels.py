"""A parcel from its waybill to its end: label, scales, leaving the house, and what its carrier tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import answers, in_path, problems
from kernel.errors import Missing, Refused
from kernel.states import WrongState
from logistics.gateways.tracking import Report, Told
from logistics.label_pdf import LabelLacksCharacters, LabelTooLong
from logistics.models import Parcel
from logistics.services import leaving, shipments, weighing
from logistics.services.receiver_for_partner import give_label
from logistics.services.tracking import PARTNER, take_in_tracking
from logistics.states import WAYBILL
from logistics.vocabulary import Code
from partner_api.door import Json, MissingScope, PartnerDoor, marked
from partner_api.pages import Instant
from partner_api.shipments import READ, WRITE, WholeParcelOut, parcels_of

TELL = "tracking:write"
SHOWN = ("personal:name", "personal:address")  # of the receiver on a label, whose telephone is masked
ID = in_path("id", "id of the parcel", OpenApiTypes.UUID)
MOST_TOLD = 100


class WeightBody(serializers.Serializer[Any]):
    """What the scales say."""

    weight_g = serializers.IntegerField(min_value=1, max_value=1_000_000)


class TellLine(serializers.Serializer[Any]):
    """One thing that happened to it."""

    at = Instant()
    code = serializers.ChoiceField(Code.choices)
    text = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=400, help_text="names in it are masked"
    )


class TellBody(serializers.Serializer[Any]):
    """What happened to it, in any order; what was told before may be told again."""

    events = serializers.ListField(child=TellLine(), allow_empty=False, max_length=MOST_TOLD)
    expected_on = serializers.DateField(
        required=False, default=None, allow_null=True, help_text="the day on which it will arrive"
    )


class TakenOut(serializers.Serializer[Any]):
    """How many of the events were new and could be, and the parcel as it stands."""

    taken = serializers.IntegerField()
    parcel = WholeParcelOut()


class OneParcel(PartnerDoor):
    """A parcel."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[ID], responses=answers(200, WholeParcelOut))
    def get(self, request: Request, id: UUID) -> Json:
        """The parcel with what lies in it and its way, and its ETag."""
        return _answer(_one(self, id))


class Label(PartnerDoor):
    """The label 面单."""

    scopes = {"GET": WRITE}
    signed = frozenset({"GET"})
    lasting = (LabelLacksCharacters, LabelTooLong)

    @extend_schema(
        parameters=[ID],
        responses={
            (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, "100 × 180 mm"),
            **problems(404, 409),
        },
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The label as a PDF, to print and stick on. It names the receiver, which needs `personal:name` and
        `personal:address` too: each answer is recorded as given to you for delivery, and to partners in
        China alone. The telephone is masked."""
        row = _one(self, id)
        for scope in SHOWN:
            if not self.may(scope):
                raise MissingScope(scope)
        answer = HttpResponse(
            give_label(parcel=row, partner=self.caller.partner, now=self.now), content_type="application/pdf"
        )
        answer["Content-Disposition"] = f'inline; filename="{row.waybill}.pdf"'
        answer["Cache-Control"] = "no-store"
        return answer


class Weight(PartnerDoor):
    """The scales."""

    scopes = {"POST": WRITE}
    lasting = (weighing.WeightDiffers,)

    @extend_schema(request=WeightBody, parameters=[ID], responses=answers(200, WholeParcelOut, 409))
    def post(self, request: Request, id: UUID) -> Json:
        """Say what a parcel weighs that was packed without. What differs from its goods is refused with both
        figures; the same said again changes nothing."""
        told = self.taken(WeightBody).validated_data
        row = _one(self, id)
        weighing.weigh(parcel=row, weight_g=told["weight_g"], by=self.by, now=self.now)
        return _answer(row)


class Departure(PartnerDoor):
    """Leaving the house."""

    scopes = {"POST": WRITE}
    lasting = (Refused,)  # what was judged stays on record

    @extend_schema(request=None, parameters=[ID], responses=answers(200, WholeParcelOut, 409))
    def post(self, request: Request, id: UUID) -> Json:
        """Say that the parcel leaves the warehouse, once: its pieces go off the ledger. Bonded goods stay
        until customs has released them 放行; what was not weighed, or holds what was refunded, stays too."""
        row = _held(self, id)
        if row.left_at is not None:
            raise leaving.Left()
        depart(row, by=self.by, now=self.now)
        return _answer(row)


class Withdrawal(PartnerDoor):
    """Taking back."""

    scopes = {"POST": WRITE}

    @extend_schema(request=None, parameters=[ID], responses=answers(200, WholeParcelOut, 409))
    def post(self, request: Request, id: UUID) -> Json:
        """Have the carrier take the waybill back: once it has, the pieces are unpacked and can be packed
        anew. Of a parcel that has left nothing is taken back."""
        row = _held(self, id)
        shipments.withdraw(parcel=row, by=self.by, now=self.now)
        return _answer(row)


class Tracking(PartnerDoor):
    """What a carrier tells."""

    scopes = {"POST": TELL}

    @extend_schema(request=TellBody, parameters=[ID], responses=answers(200, TakenOut, 409))
    def post(self, request: Request, id: UUID) -> Json:
        """Tell what happened to the parcel. Each thing is kept once, whoever tells it and in whatever order;
        what is dated before the parcel could be or after tomorrow is not believed."""
        told = self.taken(TellBody).validated_data
        row = _one(self, id)
        new = tell(row, told["events"], told["expected_on"], now=self.now)
        return Json({"taken": new, "parcel": one_parcel(row)})


def depart(row: Parcel, *, by: str, now: datetime) -> None:
    """Let the parcel out of the house; raises why it stays."""
    leaving.dispatch(shipment=row.shipment, parcel=row, by=by, now=now)
    row.refresh_from_db()
    if row.left_at is None:  # it was taken back, or its order ended
        raise WrongState(machine=WAYBILL.name, verb="dispatch", state=row.state)


def tell(row: Parcel, lines: Sequence[dict[str, Any]], expected_on: date | None, *, now: datetime) -> int:
    """Keep what is told of the parcel; how much of it is new."""
    if row.state == "cancelled" or not row.waybill:
        raise WrongState(machine=WAYBILL.name, verb="track", state=row.state)
    report = Report(
        provider=PARTNER,
        carrier=row.carrier,
        waybill=row.waybill,
        told=tuple(
            Told(at=one["at"], code=Code(one["code"]), raw_code="", text=one["text"]) for one in lines
        ),
        expected_on=expected_on,
    )
    return take_in_tracking(storefront_id=row.storefront_id, report=report, now=now).new


def one_parcel(row: Parcel, *, way: bool = True) -> dict[str, Any]:
    """A parcel as it stands."""
    rows = Parcel.objects.filter(pk=row.pk)
    return parcels_of(rows, way=way)[row.shipment_id][0]


def _answer(row: Parcel) -> Json:
    told = one_parcel(row)
    return marked(told)


def _one(door: PartnerDoor, id: UUID) -> Parcel:
    """A parcel of the warehouses that the partner serves; raises Missing."""
    rows = Parcel.objects.filter(storefront=door.storefront, shipment__warehouse__in=door.warehouses())
    row = rows.select_related("shipment__order").filter(public_id=id).first()
    if row is None:
        raise Missing()
    return row


def _held(door: PartnerDoor, id: UUID) -> Parcel:
    """As above, held with its shipment and order until the call ends: what is asked of it stays true."""
    row = _one(door, id)
    shipments.locked(row.shipment)
    row.refresh_from_db()
    return row
