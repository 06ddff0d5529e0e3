"""Whose data a row of the access log speaks of: from the table of its label and its ref to the subject."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Model

from compliance.models import Judgement
from customers.models import Address, Customer, Identity, NamedPayer
from customs.models import Filing, PortReceipt
from orders.models import FormerOrderer, Order
from payments.models import Complaint, ComplaintAct


def _uuid(ref: str) -> UUID | None:
    try:
        return UUID(ref)
    except ValueError:
        return None


# Table in a label → model, the field that its ref is, where its subject stands, and how a ref is read.
_TABLES: dict[str, tuple[type[Model], str, str, Callable[[str], Any]]] = {
    "customers.customer": (Customer, "public_id", "subject_id", _uuid),
    "customers.address": (Address, "public_id", "customer__subject_id", _uuid),
    "customers.identity": (Identity, "public_id", "customer__subject_id", _uuid),
    "customers.namedpayer": (NamedPayer, "public_id", "customer__subject_id", _uuid),
    "payments.complaint": (Complaint, "public_id", "order__customer__subject_id", _uuid),
    "payments.complaintact": (
        ComplaintAct,
        "public_id",
        "complaint__order__customer__subject_id",
        _uuid,
    ),
    "customs.filing": (Filing, "public_id", "declaration__order__subject_id", _uuid),
    "customs.portreceipt": (PortReceipt, "public_id", "filing__declaration__order__subject_id", _uuid),
    "orders.formerorderer": (FormerOrderer, "public_id", "order__customer__subject_id", _uuid),
    "orders.order": (Order, "number", "customer__subject_id", str),
    "compliance_judgement": (Judgement, "id", "subject_id", _uuid),
}
_AT_ONCE = 5_000


def subjects_of(table: str, refs: Collection[str]) -> Mapping[str, UUID]:
    """The subject of each ref that is still known; one statement for 5,000 refs."""
    if table not in _TABLES:
        return {}
    model, field, subject, read = _TABLES[table]
    wanted = [value for ref in refs if (value := read(ref)) is not None]
    found: dict[str, UUID] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        rows = model._default_manager.filter(**{f"{field}__in": wanted[start : start + _AT_ONCE]})
        found |= {str(ref): owner for ref, owner in rows.values_list(field, subject) if owner is not None}
    return found
