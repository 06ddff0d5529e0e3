"""How far a partner's job is, and what came of each of its rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import answers, in_path, problems
from kernel.errors import Missing
from kernel.models import Job
from partner_api.door import Json, PartnerDoor
from partner_api.pages import PageQuery, cursor_of, page, paged, place_of
from partner_api.results import OUTCOMES, as_sheet
from partner_api.work import KINDS
from partners.scopes import PROFILE
from partners.services import jobs

LIST = "results"
ASK_AGAIN = 2  # seconds
NUMBER = in_path("id", "the job's id, from the answer that queued it")
_GOING = (Job.State.QUEUED, Job.State.RUNNING)


class Summary(serializers.Serializer[Any]):
    """How many rows there were, and what came of them."""

    rows = serializers.IntegerField()
    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    taken = serializers.IntegerField(help_text="of files that move stock")
    refused = serializers.IntegerField()


class Failure(serializers.Serializer[Any]):
    """Why nothing of it was done."""

    code = serializers.CharField(
        allow_null=True, help_text="that of an error; its page is `/problems/<code>`"
    )
    title = serializers.CharField()
    title_zh = serializers.CharField()


class JobOut(serializers.Serializer[Any]):
    """A job, how far it is and how it ended."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField([*KINDS])
    state = serializers.ChoiceField(Job.State.values)
    done = serializers.IntegerField(help_text="of `total`: it may begin anew with each step of the work")
    total = serializers.IntegerField(help_text="0 until it is known")
    queued_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    summary = Summary(allow_null=True, help_text="once it is done; rows may be refused then, too")
    failure = Failure(allow_null=True, help_text="where it failed as a whole: nothing was written")


class FaultOut(serializers.Serializer[Any]):
    """What stands against one field, or (`column` is empty) against the row."""

    column = serializers.CharField(allow_blank=True)
    message = serializers.CharField()
    message_zh = serializers.CharField()


class ResultOut(serializers.Serializer[Any]):
    """What came of one row."""

    row = serializers.IntegerField(help_text="its place in what you sent, from 1; 0: all of it")
    sku = serializers.CharField(allow_null=True)
    outcome = serializers.ChoiceField(OUTCOMES)
    faults = FaultOut(many=True)
    warnings = FaultOut(many=True, help_text="it was written, and cannot be sold yet")


class ResultQuery(PageQuery):
    """Which results."""

    outcome = serializers.ChoiceField(OUTCOMES, required=False, default="")


_ROWS = answers(200, paged(ResultOut), 404, 409, 410, 422)
_SHEET = {
    (200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY, "UTF-8 with a byte order mark."),
    **problems(404, 409, 410),
}


class OneJob(PartnerDoor):
    """Jobs."""

    scopes = {"GET": PROFILE}

    @extend_schema(parameters=[NUMBER], responses=answers(200, JobOut, 404))
    def get(self, request: Request, id: UUID) -> Json:
        """How far a job of yours is. While it waits or runs, Retry-After says when to ask again."""
        row = of_caller(self, id)
        answer = Json(shown(row))
        if _state(row) in _GOING:
            answer["Retry-After"] = str(ASK_AGAIN)
        return answer


class Results(PartnerDoor):
    """Jobs."""

    scopes = {"GET": PROFILE}

    @extend_schema(parameters=[NUMBER, ResultQuery], responses=_ROWS)
    def get(self, request: Request, id: UUID) -> Json:
        """What came of each row, once the job is done, for seven days; `outcome=refused`: those to mend."""
        asked = self.asked(ResultQuery).validated_data
        rows = jobs.results(of_caller(self, id), self.now)
        after = place_of(LIST, asked["cursor"])
        found = [row for row in rows if asked["outcome"] in ("", row["outcome"])]
        found = [row for row in found if after is None or row["row"] > after]
        items = found[: asked["limit"]]
        more = cursor_of(LIST, items[-1]["row"]) if len(found) > len(items) else None
        return Json(page(items, next=more))


class ResultSheet(PartnerDoor):
    """Jobs."""

    scopes = {"GET": PROFILE}

    @extend_schema(parameters=[NUMBER], responses=_SHEET)
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """What came of each row as a CSV sheet: row, SKU, outcome, and messages in both languages."""
        rows = jobs.results(of_caller(self, id), self.now)
        answer = HttpResponse(as_sheet(rows), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{id}.csv"'
        return answer


def of_caller(door: PartnerDoor, number: UUID) -> Job:
    """A job of the caller's own in this storefront; raises Missing."""
    row = jobs.mine(storefront_id=door.storefront.pk, partner=door.caller.partner, number=number)
    if row is None:
        raise Missing()
    return row


def queued(door: PartnerDoor, row: Job) -> Json:
    """The answer to who asked for a job."""
    answer = Json(shown(row), status=202)
    answer["Location"] = f"/partner/v1/storefronts/{door.storefront.code}/jobs/{row.public_id}"
    return answer


def shown(row: Job) -> dict[str, Any]:
    """A job as its partner sees it; one that fell over for a reason of ours waits to be tried again."""
    told, state = row.result, _state(row)
    failure = {"title": told["refused"], "title_zh": told["refused_zh"]} if "refused" in told else None
    return {
        "id": row.public_id,
        "kind": row.kind,
        "state": state,
        "done": row.done,
        "total": row.total,
        "queued_at": row.queued_at,
        "started_at": row.started_at,
        "ended_at": None if state in _GOING else row.ended_at,
        "summary": told.get("summary"),
        "failure": failure and {"code": told.get("code"), **failure},
    }


def _state(row: Job) -> str:
    tried_again = row.state == Job.State.FAILED and "refused" not in row.result
    return Job.State.QUEUED if tried_again else row.state
