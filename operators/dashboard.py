"""The first page of the admin: what days brought, what waits, how it goes; of one's own storefronts alone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from kernel.clock import now
from operators.home import choice_of, first_steps, shown
from operators.navigation import PAGES, WORK, groups
from operators.waiting import ages_of_cases, counted, officers, old_figures, waits

# Registered, and reached from the rows that point at them; of no use as lists of their own.
PLUMBING = frozenset(
    {
        "auth.Group",
        "axes.AccessAttempt",
        "axes.AccessAttemptExpiration",
        "axes.AccessFailureLog",
        "catalog.CatalogVersion",
        "customers.Session",
        "oauth2_provider.DeviceGrant",
        "oauth2_provider.Grant",
        "oauth2_provider.IDToken",
        "oauth2_provider.RefreshToken",
        "orders.CouponClaim",
        "payments.ComplaintAct",
    }
)


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the index shows besides unfold's own; named in the settings. Seven statements."""
    apps = []
    for app in context["app_list"]:
        kept = [model for model in app["models"] if model["model"]._meta.label not in PLUMBING]
        if kept:
            apps.append({**app, "models": kept})
    at = now()
    choice = choice_of(request)
    cards, ages, officer = counted(
        request, [waits(at), ages_of_cases(at), officers(at)], storefront_id=choice.storefront_id
    )
    context.update(
        **shown(request, choice, at),
        choice=choice,
        first_steps=first_steps(request, choice),
        cards=cards,
        ages=ages,
        officer=[*officer, *old_figures(request, at)],
        work=reverse(WORK) if PAGES[WORK][1](request) else "",
        groups=groups(request),
        app_list=apps,
    )
    return context
