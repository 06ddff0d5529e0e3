"""Whether the partner API is there, and which version of it."""

from django.http import HttpRequest, JsonResponse


def status(_: HttpRequest) -> JsonResponse:
    """Public: the name and the version of this API."""
    return JsonResponse({"api": "partner", "version": "1"})
