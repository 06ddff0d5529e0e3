"""A colleague's telephone, recovery code and session, and a limit of what one does alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django_otp.plugins.otp_static.models import StaticDevice

from kernel.clock import now
from storefronts.models import FourEyes, Operator, OperatorSession
from storefronts.services import second_factor
from storefronts.sessions import FACTOR, SessionStore, hashed


def entering_rows(colleague: Operator, secret: str, now: datetime) -> None:
    """One row of each; `secret` is what no page may show."""
    second_factor.begin(operator=colleague, now=now)
    spare = StaticDevice.objects.create(user=colleague, name="spare")
    spare.token_set.create(token=secret)
    OperatorSession.objects.create(
        session_key=secret,
        operator=colleague,
        idle_seconds=60,
        started_at=now,
        seen_at=now,
        expire_date=now + timedelta(days=9000),
    )
    shop = colleague.memberships.get().storefront
    for verb in FourEyes.Verb.values[shop.four_eyes.count() :][:1]:  # one more a round, while there are
        FourEyes.objects.create(storefront=shop, verb=verb, above=9_000_000)


def has_given_code(cookie: str) -> None:
    """The second step of a log-in over HTTP, for tests that are about something else."""
    session = SessionStore(cookie)
    session[FACTOR] = "code"
    session.save()


def stays(cookie: str) -> None:
    """A session whose end is moved on with the clock."""
    rows = OperatorSession.objects.filter(session_key=hashed(cookie))
    assert rows.update(started_at=now(), seen_at=now(), expire_date=now() + timedelta(hours=1)) == 1
