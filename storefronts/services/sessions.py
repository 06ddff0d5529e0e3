"""The end of sessions: by whom they belong to, by an owner, or because a password or a role has changed."""

from __future__ import annotations

from storefronts.models import Operator, OperatorSession


def end(*, session: OperatorSession) -> None:
    """At once: the next click of whoever has it leads to the log-in."""
    OperatorSession.objects.filter(pk=session.pk).delete()


def end_all(*, operator: Operator, but: int | None = None) -> int:
    """Every session of the operator, but the one with this id; returns how many."""
    gone, _ = OperatorSession.objects.filter(operator=operator).exclude(pk=but or 0).delete()
    return gone
