"""One picture of a form, as wx.uploadFile sends it."""

from __future__ import annotations

from django.core.exceptions import SuspiciousOperation
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.request import Request

from kernel.errors import Problem
from kernel.pictures import MOST_BYTES


def sent_picture(request: Request, *, none: Problem, large: Problem) -> bytes:
    """The file of the form; raises `none` where there is none, `large` for one that is not even read."""
    try:
        found = request.FILES.get("picture")
    except (ParseError, UnsupportedMediaType, SuspiciousOperation) as failure:
        raise none from failure
    if found is None:
        raise none
    if (found.size or 0) > MOST_BYTES:
        raise large
    return bytes(found.read())
