"""Goods as an ERP or a broker sees and changes them: thousands at once, each row told apart."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.services.editing import UPSERT
from catalog.services.upserts import MOST
from kernel.documents import answers
from partner_api.door import Json, PartnerDoor
from partner_api.goods import WRITE, UpsertRow
from partner_api.jobs import JobOut, queued
from partner_api.upserting import CLASSIFY
from partners.services import jobs

MODES = ("rows", "whole")


class _Any(serializers.Field[Any, Any, Any, Any]):
    """Taken as it is: each row is judged by itself, by the worker."""

    def to_internal_value(self, data: Any) -> Any:
        return data


class _Upserts(serializers.Serializer[Any]):
    rows = serializers.ListField(child=_Any(allow_null=True), allow_empty=False, max_length=MOST)
    mode = serializers.ChoiceField(MODES, required=False, default="rows")
    dry_run = serializers.BooleanField(required=False, default=False)


class UpsertBody(_Upserts):
    """Rows, one for each SKU."""

    rows = serializers.ListField(child=UpsertRow(), allow_empty=False, max_length=MOST)
    mode = serializers.ChoiceField(
        MODES,
        required=False,
        default="rows",
        help_text="rows: products without a fault are written; whole: nothing unless every row is good",
    )
    dry_run = serializers.BooleanField(required=False, default=False, help_text="only tell what would be")


class Upserts(PartnerDoor):
    """Goods in bulk."""

    scopes = {"POST": WRITE}

    @extend_schema(request=UpsertBody, responses=answers(202, JobOut, 404, 409, 413, 422))
    def post(self, request: Request) -> Json:
        """Add or change up to 10,000 SKUs. A worker does it: ask for the job at Location.

        A row that cannot be taken is refused by itself, with what stands against it; its product is written
        whole or not at all. The same rows a second time change nothing.
        """
        told = self.taken(_Upserts).validated_data
        arguments = {"mode": told["mode"], "dry_run": told["dry_run"], "classify": self.may(CLASSIFY)}
        job = jobs.ask(
            connection=self.connection,
            kind=UPSERT,
            name=f"{self.connection.name} (API)",
            content=request._request.body,
            arguments=arguments,
            by=self.by,
            now=self.now,
        )
        return queued(self, job)
