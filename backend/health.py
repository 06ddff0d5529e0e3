"""Alive: the process answers. Ready: it can also reach what it needs."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from redis import Redis
from redis.exceptions import RedisError


def live(_: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "alive"})


def ready(_: HttpRequest) -> JsonResponse:
    """200 when PostgreSQL answers, else 503. Redis is told but not required: nothing is lost without it."""
    parts = {"database": _database(), "redis": _redis()}
    ok = parts["database"]
    return JsonResponse({"status": "ready" if ok else "not ready", **parts}, status=200 if ok else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except DatabaseError:
        return False


def _redis() -> bool:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
            return bool(redis.ping())
    except RedisError:
        return False
