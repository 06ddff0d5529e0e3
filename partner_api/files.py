"""Files of partners without developers, by upload: a sheet becomes a job, which answers with a sheet."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import answers
from partner_api.catalogue import MODES
from partner_api.door import Json, MissingScope, PartnerDoor
from partner_api.jobs import JobOut, queued
from partner_api.upserting import CLASSIFY
from partner_api.work import FILES
from partners.scopes import PROFILE
from partners.services import jobs

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BODY = dict.fromkeys(("text/csv", _XLSX, "application/octet-stream"), OpenApiTypes.BINARY)


class FileQuery(serializers.Serializer[Any]):
    """What the file is."""

    kind = serializers.ChoiceField([*FILES])
    name = serializers.RegexField(
        r"^[^/\\\x00-\x1f]{1,120}\.(csv|CSV|xlsx|XLSX)$", help_text="its name; the ending says which it is"
    )
    mode = serializers.ChoiceField(MODES, required=False, default="rows", help_text="of goods, as in bulk")
    dry_run = serializers.BooleanField(required=False, default=False, help_text="of goods, as in bulk")


class Files(PartnerDoor):
    """Files."""

    scopes = {"POST": PROFILE}

    @extend_schema(parameters=[FileQuery], request=_BODY, responses=answers(202, JobOut, 404, 409, 413, 422))
    def post(self, request: Request) -> Json:
        """Send a CSV (UTF-8) or XLSX sheet; it needs the scope of what it does. Its result is a sheet too.

        Goods have the columns of the import, or some of them. Stock has those of its lines, with `warehouse`
        (and `reference` of a receipt); all of such a file is done or nothing, and the same one only once.
        Parcels are known by their `waybill`, and each row is done by itself.
        """
        asked = self.asked(FileQuery).validated_data
        kind = FILES[asked["kind"]]
        if not self.may(kind.scope):
            raise MissingScope(kind.scope)
        job = jobs.ask(
            connection=self.connection,
            kind=f"file.{asked['kind']}",
            name=asked["name"],
            content=request._request.body,
            arguments={"mode": asked["mode"], "dry_run": asked["dry_run"], "classify": self.may(CLASSIFY)},
            once=kind.once,
            by=self.by,
            now=self.now,
        )
        return queued(self, job)
