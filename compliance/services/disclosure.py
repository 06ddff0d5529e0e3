"""Whatever personal data leaves the house leaves a row: to whom, what for, on which basis, which fields.

The row is written before the data goes, in the transaction that commits the attempt. What goes to the brand
abroad rests on a separate consent (个人信息保护法 Art. 39); the same statement looks whether it holds, so
that none can be given after it was withdrawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import orjson
from django.db import connection

from compliance.disclosures import words
from compliance.models import Disclosure, Subject
from compliance.services.consent import ConsentNeeded
from compliance.services.limit import refuse_limited
from kernel.ids import uuid7

RecipientKind = Literal[
    "customs", "payment", "carrier", "brand_abroad", "partner", "identity_provider", "storefront"
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
WHERE %(consent)s::text IS NULL OR EXISTS (
    SELECT 1 FROM compliance_consent c JOIN compliance_subject s ON s.id = c.subject_id
    WHERE s.id = %(subject)s::uuid AND s.limited_at IS NULL
      AND c.kind = %(consent)s::text AND c.withdrawn_at IS NULL)
"""


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
    now: datetime,
) -> None:
    """Record, in exactly one INSERT, that these fields of the subject's data go to `recipient` (by its legal
    name, in `country`, two letters).

    `purpose` and `fields` are words of data/disclosures.yaml, never values; `consent` is the kind on which it
    rests where `basis` is "consent". Raises ValueError for any other word, ConsentNeeded when that consent is
    not given, ProcessingLimited when the person limited the processing; then nothing may be sent.
    """
    unknown = [name for name in fields if name not in words("fields")]
    if unknown or not fields or purpose not in words("purposes") or not recipient:
        raise ValueError(f"data/disclosures.yaml has no such purpose or fields: {purpose}, {unknown}")
    consent = CONSENT_OF.get(recipient_kind, consent)
    basis = "consent" if consent else basis
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
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
                "consent": consent,
                "now": now,
            },
        )
        if consent is not None and cursor.rowcount != 1:
            refuse_limited(Subject.objects.get(pk=subject_id))
            raise ConsentNeeded(consent=consent)
