"""What a person may ask about their own data: see it, take a copy away, limit its use, close the account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance import services as compliance
from compliance.holdings import Kept
from customers import queries as customers
from customers.services.erasure import close_account
from customers.services.exports import ask_export, fetch, peek
from kernel.documents import Text, answers, in_path, problems
from kernel.models import Job
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json, nothing

ZIP = "application/zip"
_COPY = {"zh": "个人信息副本", "en": "A copy of your personal data"}
_SECRET = in_path("secret", "of the link that ask_export gave")
_PROOF = "a fresh code of wx.login: that the phone is still its owner's"


class ColumnOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = Text()


class HeldOut(serializers.Serializer[Any]):
    """One kind of data; what could be misused is masked here and in plain in the copy."""

    code = serializers.CharField()
    name = Text()
    columns = ColumnOut(many=True)
    rows = serializers.ListField(child=serializers.DictField())


class DataOut(serializers.Serializer[Any]):
    categories = HeldOut(many=True)


class Proof(serializers.Serializer[Any]):
    """That it is the account's owner who asks."""

    code = serializers.CharField(max_length=256, help_text=_PROOF)


class ExportOut(serializers.Serializer[Any]):
    """A copy that was asked for."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(Job.State.choices)
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    fetched_at = serializers.DateTimeField(allow_null=True)


class ExportAsked(ExportOut):
    """The new copy; `url` is shown this once: GET tells what lies there, POST hands it over once."""

    url = serializers.CharField()


class ExportList(serializers.Serializer[Any]):
    items = ExportOut(many=True)


class BehindOut(serializers.Serializer[Any]):
    """What lies behind the link of a copy, without the copy."""

    what = Text()
    media_type = serializers.CharField()
    state = serializers.ChoiceField(Job.State.choices)
    size = serializers.IntegerField(allow_null=True, help_text="bytes of the ZIP; null until it is made")
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class KeptOut(serializers.Serializer[Any]):
    """What the law makes us keep, sealed and restricted."""

    what = serializers.CharField()
    name = Text()
    rows = serializers.IntegerField()
    law = serializers.CharField(help_text="document and article")
    until = serializers.DateField(allow_null=True)


class ClosedOut(serializers.Serializer[Any]):
    kept = KeptOut(many=True)


class MyData(Door):
    """查阅个人信息."""

    limits = {"GET": Limit("data", 60, 3600)}

    @extend_schema(operation_id="my_data", tags=["rights"], responses=answers(200, DataOut, 401, 404, 429))
    def get(self, request: Request) -> HttpResponse:
        """Everything that is held, by category; numbers and names that could be misused are masked."""
        found = customers.held(self.customer().subject, self.now)
        return Json(
            {
                "categories": [
                    {
                        "code": one.code,
                        "name": one.names,
                        "columns": [{"code": code, "name": names} for code, names in one.columns.items()],
                        "rows": list(one.masked().rows),
                    }
                    for one in found
                ]
            }
        )


class Exports(Door):
    """个人信息副本."""

    own_transaction = frozenset({"POST"})
    limits = {"POST": Limit("exports", 5, 86_400)}

    @extend_schema(operation_id="exports", tags=["rights"], responses=answers(200, ExportList, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """The copies that were asked for, the last first."""
        return Json({"items": [_export(row) for row in customers.exports(self.own.customer_id)]})

    @extend_schema(
        operation_id="ask_export",
        tags=["rights"],
        request=Proof,
        responses=answers(202, ExportAsked, 400, 401, 403, 404, 409, 415, 422, 429, 502),
    )
    def post(self, request: Request) -> HttpResponse:
        """Ask for a copy (ZIP of JSON and a page); a worker makes it, its link gives it once."""
        code = self.taken(Proof).validated_data["code"]
        asked = ask_export(customer=self.customer(), js_code=code, now=self.now)
        url = f"{settings.PUBLIC_BASE_URL}/api/v1/exports/{asked.secret}"
        return Json({**_export(asked.export), "url": url}, 202)


class Export(Door):
    """领取个人信息副本. To look is not to take: a preview of the link, which only reads, uses nothing up."""

    audience = "anyone"
    http_method_names = ["get", "post", "options"]

    @extend_schema(
        operation_id="export",
        tags=["rights"],
        parameters=[_SECRET],
        responses=answers(200, BehindOut, 404, 410),
        auth=[],
    )
    def get(self, request: Request, secret: str) -> HttpResponse:
        """What the link will give, its size and until when; the copy stays where it is."""
        behind = peek(secret=secret, now=self.now)
        answer = Json(
            {
                "what": _COPY,
                "media_type": ZIP,
                "state": behind.state,
                "size": behind.size,
                "asked_at": behind.asked_at,
                "expires_at": behind.expires_at,
            }
        )
        answer["Cache-Control"] = "no-store"
        return answer

    @extend_schema(
        operation_id="fetch_export",
        tags=["rights"],
        parameters=[_SECRET],
        request=None,
        responses={
            (200, ZIP): OpenApiResponse(OpenApiTypes.BINARY),
            **problems(404, 409, 410),
        },
        auth=[],
    )
    def post(self, request: Request, secret: str) -> HttpResponse:
        """The copy, once: the link is the key, and afterwards the copy is gone."""
        answer = HttpResponse(fetch(secret=secret, now=self.now), content_type=ZIP)
        answer["Content-Disposition"] = 'attachment; filename="personal-data.zip"'
        answer["Cache-Control"] = "no-store"
        return answer


class MyLimit(Door):
    """限制处理."""

    limits = {"PUT": Limit("limit", 60, 3600), "DELETE": Limit("limit", 60, 3600)}

    @extend_schema(
        operation_id="limit", tags=["rights"], request=None, responses=answers(204, None, 401, 404, 429)
    )
    def put(self, request: Request) -> HttpResponse:
        """From now on data is only stored: no new quote or order, no use that rests on a consent."""
        compliance.limit_processing(subject_id=self.customer().subject_id, now=self.now)
        return nothing()

    @extend_schema(operation_id="lift_limit", tags=["rights"], responses=answers(204, None, 401, 404, 429))
    def delete(self, request: Request) -> HttpResponse:
        """Lift the limit."""
        compliance.lift_limit(subject_id=self.customer().subject_id)
        return nothing()


class CloseAccount(Door):
    """注销账号."""

    own_transaction = frozenset({"POST"})
    limits = {"POST": Limit("closing", 10, 3600)}

    @extend_schema(
        operation_id="close_account",
        tags=["rights"],
        request=Proof,
        responses=answers(200, ClosedOut, 400, 401, 403, 404, 409, 415, 422, 429, 502),
    )
    def post(self, request: Request) -> HttpResponse:
        """Erase the account's data at once and close it; answers what the law keeps, and until when."""
        code = self.taken(Proof).validated_data["code"]
        kept = close_account(customer=self.customer(), js_code=code, now=self.now)
        return Json({"kept": [_kept(one) for one in kept]})


def _export(row: Any) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "state": row.job.state,
        "asked_at": row.asked_at,
        "expires_at": row.expires_at,
        "fetched_at": row.fetched_at,
    }


def _kept(one: Kept) -> dict[str, Any]:
    return {"what": one.what, "name": one.names, "rows": one.rows, "law": one.law, "until": one.until}
