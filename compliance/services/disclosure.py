"""Whatever personal data leaves the house leaves a row: to whom, what for, on which basis, which fields.

The row is written before the data goes, in the transaction that commits the attempt. What goes to the brand
abroad rests on a separate consent (个人信息保护法 Art. 39), which names it; the same statement looks whether
it holds, so that none can be given after it was withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import orjson
from django.db import connection

from compliance.consent_texts import NO_NAMES
from compliance.disclosures import words
from compliance.models import Disclosure, Subject
from compliance.queries import MISSING, asked
from compliance.services.consent import ConsentNeeded
from compliance.services.limit import refuse_limited
from kernel.ids import uuid7

RecipientKind = Literal[
    "customs",
    "payment",
    "carrier",
    "brand_abroad",
    "partner",
    "identity_provider",
    "storefront",
    "authority",
]
Basis = Literal["contract", "law", "consent"]
# To whom nothing goes without this consent, whatever the caller says.
CONSENT_OF = {"brand_abroad": "transfer_abroad"}

_INSERT = """
INSERT INTO compliance_disclosure (public_id, storefront_id, subject_id, order_number, recipient_kind,
    recipient, country, purpose, basis, fields, at)
SELECT %(id)s::uuid, %(storefront)s::bigint, %(subject)s::uuid, %(order)s::text, %(kind)s::text,
    %(recipient)s::text, %(country)s::text, %(purpose)s::text, %(basis)s::text,
    %(fields)s::jsonb, %(now)s::timestamptz
WHERE %(consents)s::text[] = '{{}}' OR EXISTS (
    SELECT 1 FROM compliance_subject s
    WHERE s.id = %(subject)s::uuid AND s.limited_at IS NULL AND ({missing}) IS NULL)
"""
INSERT = _INSERT.format(missing=MISSING)


def disclose(
    *,
    storefront_id: int,
    subject_id: UUID,
    recipient_kind: RecipientKind,
    recipient: str,
    country: str,
    purpose: str,
    basis: Basis,
    fields: Sequence[str],
    order_number: str = "",
    consent: str | None = None,
    names: Mapping[str, str] = NO_NAMES,
    now: datetime,
) -> None:
    """Record, in exactly one INSERT, that these fields of the subject's data go to `recipient` (by its legal
    name, in `country`, two letters).

    `purpose` and `fields` are words of data/disclosures.yaml, never values; `consent` is the kind on which it
    rests where `basis` is "consent", `names` those that its text leaves room for: the brand abroad must be
    the one named there (`brand`, `country`). Raises ValueError for any other word, ConsentNeeded when that
    consent is not given, ProcessingLimited when the person limited the processing; then nothing may be sent.
    """
    unknown = [name for name in fields if name not in words("fields")]
    if unknown or not fields or purpose not in words("purposes") or not recipient:
        raise ValueError(f"data/disclosures.yaml has no such purpose or fields: {purpose}, {unknown}")
    consent = CONSENT_OF.get(recipient_kind, consent)
    basis = "consent" if consent else basis
    if recipient_kind in CONSENT_OF and (names.get("brand"), names.get("country")) != (recipient, country):
        raise ConsentNeeded(consent=CONSENT_OF[recipient_kind])  # whatever was agreed to names another
    resting = asked([consent] if consent else [], now, names)
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            resting
            | {
                "id": uuid7(),
                "storefront": storefront_id,
                "subject": subject_id,
                "order": order_number,
                "kind": Disclosure.Recipient(recipient_kind),
                "recipient": recipient,
                "country": country,
                "purpose": purpose,
                "basis": Disclosure.Basis(basis),
                "fields": orjson.dumps(list(fields)).decode(),
                "now": now,
            },
        )
        if consent is not None and cursor.rowcount != 1:
            refuse_limited(Subject.objects.get(pk=subject_id))
            raise ConsentNeeded(consent=consent)
