"""A partner keeps its own endpoints: adds, changes, tries, removes them, and reads what came of messages."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import answers, in_path
from kernel.errors import Missing
from partner_api.door import Json, PartnerDoor, marked
from partner_api.pages import PageQuery, mind_match, page, paged, turned
from partners.gateways.webhook.address import checked
from partners.models import Attempt, Endpoint, Message, Notice
from partners.published import BY_TYPE
from partners.services import endpoints

SCOPE = "webhooks"
_NUMBER = re.compile("msg_[0-9a-f]{32}")


class EndpointBody(serializers.Serializer[Any]):
    """An endpoint as it is sent."""

    url = serializers.CharField(max_length=500, help_text="https, port 443 or 8443, a public address")
    types = serializers.ListField(
        child=serializers.CharField(max_length=40), allow_empty=False, max_length=60
    )


class MessageQuery(PageQuery):
    """Which messages."""

    state = serializers.ChoiceField(choices=Message.State.choices, required=False)


class EventQuery(PageQuery):
    """Which events."""

    after = serializers.IntegerField(required=False, min_value=0, help_text="position of the last one read")


class EndpointOut(serializers.Serializer[Any]):
    """An endpoint."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    types = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(Endpoint.State.choices)
    failing_since = serializers.DateTimeField(allow_null=True)
    paused_at = serializers.DateTimeField(allow_null=True)
    paused_why = serializers.CharField(allow_null=True)


class EndpointMade(EndpointOut):
    """An endpoint and its secret."""

    secret = serializers.CharField(
        allow_null=True, help_text="in the first answer alone; null where it is given again to the same key"
    )


class SecretOut(serializers.Serializer[Any]):
    """The new secret."""

    id = serializers.UUIDField()
    secret = serializers.CharField(allow_null=True, help_text="in the first answer alone")


class AttemptOut(serializers.Serializer[Any]):
    """One call of your server."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    millis = serializers.IntegerField()
    error = serializers.CharField(allow_null=True)


class MessageOut(serializers.Serializer[Any]):
    """A message and what came of it."""

    id = serializers.CharField(help_text="the `webhook-id` it is sent under")
    type = serializers.CharField()
    object = serializers.CharField()
    number = serializers.CharField()
    position = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField()
    state = serializers.ChoiceField(Message.State.choices)
    next_try_at = serializers.DateTimeField(allow_null=True)
    attempts = serializers.ListField(child=AttemptOut())


class EventOut(serializers.Serializer[Any]):
    """What happened to what."""

    position = serializers.IntegerField()
    type = serializers.CharField()
    object = serializers.CharField(help_text="order, return, …")
    number = serializers.CharField(help_text="of the object")
    at = serializers.DateTimeField()


ID = in_path("id", "of the endpoint", OpenApiTypes.UUID)
MESSAGE = in_path("message", "its id, `msg_…`")


def shown(row: Endpoint) -> dict[str, Any]:
    """An endpoint; its secret is told when it is made and when it is changed, and never here."""
    return {
        "id": str(row.public_id),
        "url": row.url,
        "types": row.types,
        "state": row.state,
        "failing_since": row.failing_since,
        "paused_at": row.paused_at,
        "paused_why": row.paused_why or None,
    }


class Webhooks(PartnerDoor):
    """Endpoints for webhooks."""

    scopes = {"GET": SCOPE, "POST": SCOPE}

    def prepare(self, request: Request) -> None:
        """The address is looked up before any transaction begins."""
        if request.method == "POST":
            self.told = self.taken(EndpointBody).validated_data
            self.url = checked(self.told["url"])

    @extend_schema(responses=answers(200, paged(EndpointOut)))
    def get(self, request: Request) -> Json:
        """The endpoints that this partner has in this storefront."""
        rows = _own(self).order_by("id")
        return Json(page([shown(row) for row in rows], next=None))

    @extend_schema(request=EndpointBody, responses=answers(201, EndpointMade))
    def post(self, request: Request) -> Json:
        """Add an endpoint. `secret` is in this answer alone; with it messages are signed."""
        row, secret = endpoints.make_endpoint(
            connection=self.connection, url=self.url, types=self.told["types"], now=self.now
        )
        return Json({**shown(row), "secret": secret}, status=201, kept={**shown(row), "secret": None})


class Webhook(PartnerDoor):
    """One endpoint."""

    scopes = {"GET": SCOPE, "PUT": SCOPE, "DELETE": SCOPE}

    def prepare(self, request: Request) -> None:
        """The address is looked up before any transaction begins."""
        if request.method == "PUT":
            self.told = self.taken(EndpointBody).validated_data
            self.url = checked(self.told["url"])

    @extend_schema(parameters=[ID], responses=answers(200, EndpointOut))
    def get(self, request: Request, id: UUID) -> Json:
        """The endpoint, with its ETag."""
        return marked(shown(_one(self, id)))

    @extend_schema(parameters=[ID], request=EndpointBody, responses=answers(200, EndpointOut))
    def put(self, request: Request, id: UUID) -> Json:
        """Change an endpoint: another address or other types, from the next event on."""
        row = _one(self, id, lock=True)
        mind_match(request._request, shown(row))
        endpoints.change_endpoint(
            row=row, connection=self.connection, url=self.url, types=self.told["types"], now=self.now
        )
        return marked(shown(row))

    @extend_schema(parameters=[ID], responses=answers(204, None))
    def delete(self, request: Request, id: UUID) -> HttpResponse:
        """Remove an endpoint. Nothing more is sent to it; what waits is given up."""
        endpoints.remove_endpoint(row=_one(self, id, lock=True), now=self.now)
        return HttpResponse(status=204)


class Test(PartnerDoor):
    """A test message."""

    scopes = {"POST": SCOPE}

    @extend_schema(request=None, parameters=[ID], responses=answers(202, MessageOut))
    def post(self, request: Request, id: UUID) -> Json:
        """Send a test message, of type `ping`; its fate is in the log."""
        return Json(told_of(endpoints.ping(row=_one(self, id), now=self.now)), status=202)


class Secret(PartnerDoor):
    """The secret of an endpoint."""

    scopes = {"POST": SCOPE}

    @extend_schema(request=None, parameters=[ID], responses=answers(200, SecretOut))
    def post(self, request: Request, id: UUID) -> Json:
        """Change the secret; the new one signs beside the old one for a day."""
        row = _one(self, id)
        body = {"id": str(row.public_id), "secret": endpoints.rotate_secret(row=row, now=self.now)}
        return Json(body, kept={**body, "secret": None})


class Resume(PartnerDoor):
    """An endpoint that was paused."""

    scopes = {"POST": SCOPE}

    @extend_schema(request=None, parameters=[ID], responses=answers(200, EndpointOut))
    def post(self, request: Request, id: UUID) -> Json:
        """Go on after a pause; what waited meanwhile is sent."""
        row = _one(self, id)
        endpoints.resume(row=row, by=self.by, now=self.now)
        row.refresh_from_db()
        return Json(shown(row))


class Messages(PartnerDoor):
    """The log of an endpoint."""

    scopes = {"GET": SCOPE}

    @extend_schema(parameters=[ID, MessageQuery], responses=answers(200, paged(MessageOut), 422))
    def get(self, request: Request, id: UUID) -> Json:
        """The messages of an endpoint, the youngest first, each with its attempts."""
        asked = self.asked(MessageQuery).validated_data
        name = f"messages:{id}"
        rows = Message.objects.filter(endpoint=_one(self, id))
        if asked.get("state"):
            rows = rows.filter(state=asked["state"])
        items, more = turned(rows, name, asked, by="-pk")
        log: dict[int, list[Attempt]] = {row.pk: [] for row in items}
        for one in Attempt.objects.filter(message_id__in=list(log)).order_by("pk"):
            log[one.message_id].append(one)
        return Json(page([told_of(row, log[row.pk]) for row in items], next=more))


class Replay(PartnerDoor):
    """One message again."""

    scopes = {"POST": SCOPE}

    @extend_schema(request=None, parameters=[ID, MESSAGE], responses=answers(202, MessageOut))
    def post(self, request: Request, id: UUID, message: str) -> Json:
        """Send a message again, under the same `webhook-id`, by which you know that you have it."""
        found = Message.objects.select_for_update(of=("self",)).filter(endpoint=_one(self, id))
        row = found.filter(public_id=message[4:]).first() if _NUMBER.fullmatch(message) else None
        if row is None:
            raise Missing()
        endpoints.replay(row=row, now=self.now)
        row.refresh_from_db()
        return Json(told_of(row), status=202)


class Events(PartnerDoor):
    """What happened, for who would rather ask than be told."""

    scopes = {"GET": SCOPE}

    @extend_schema(parameters=[EventQuery], responses=answers(200, paged(EventOut), 422))
    def get(self, request: Request) -> Json:
        """Events of the types that your scopes allow, the oldest first, of the last 30 days.

        Positions never turn up before one that was read: ask again with the last one as `after`.
        """
        asked = self.asked(EventQuery).validated_data
        types = [name for name, one in BY_TYPE.items() if self.may(one.scope)]
        rows = Notice.objects.filter(storefront=self.storefront, type__in=types)
        if self.connection.warehouses:
            rows = rows.filter(warehouse__in=self.connection.warehouses)
        items, more = turned(rows, "events", asked, by="position", end=asked.get("after"))
        return Json(page([_event(row) for row in items], next=more))


def told_of(row: Message, log: list[Attempt] | None = None) -> dict[str, Any]:
    """A message and what came of it."""
    kind, _, number = row.subject.partition(":")
    return {
        "id": str(row),
        "type": row.type,
        "object": kind,
        "number": number,
        "position": row.position,
        "at": row.at,
        "state": row.state,
        "next_try_at": row.next_try_at if row.state == Message.State.WAITING else None,
        "attempts": [
            {"at": one.at, "status": one.status, "millis": one.millis, "error": one.error or None}
            for one in log or ()
        ],
    }


def _event(row: Notice) -> dict[str, Any]:
    kind, _, number = row.subject.partition(":")
    return {"position": row.position, "type": row.type, "object": kind, "number": number, "at": row.at}


def _own(door: PartnerDoor) -> Any:
    rows = Endpoint.objects.filter(storefront=door.storefront, partner=door.caller.partner)
    return rows.exclude(state=Endpoint.State.REMOVED)


def _one(door: PartnerDoor, id: UUID, *, lock: bool = False) -> Endpoint:
    rows = _own(door).select_related("storefront__key").filter(public_id=id)
    row: Endpoint | None = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if row is None:
        raise Missing()
    return row
