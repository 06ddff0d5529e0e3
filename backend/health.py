"""Alive: the process answers. Ready: it can also reach what it needs."""

from __future__ import annotations

import psycopg
from django.conf import settings
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
    """A connection of its own, given up after a second: the pool would make the probe wait."""
    entry = settings.DATABASES["default"]
    try:
        with psycopg.connect(
            dbname=entry["NAME"],
            user=entry["USER"],
            password=entry["PASSWORD"],
            host=entry["HOST"],
            port=entry["PORT"] or None,
            connect_timeout=2,  # libpq rounds 1 up to 2
        ) as connection:
            connection.execute("SELECT 1")
        return True
    except psycopg.Error:
        return False


def _redis() -> bool:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
            return bool(redis.ping())
    except RedisError:
        return False
