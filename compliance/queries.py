"""What others ask compliance: what is left of a year, rates and remarks in force, which consents hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import Case, F, Q, Subquery, Sum, When

from compliance.consent_texts import NO_NAMES, ConsentText, current_text
from compliance.facts import Listing
from compliance.law import Law
from compliance.models import (
    VALUE,
    Access,
    AllowanceAccount,
    AllowanceEntry,
    Consent,
    Disclosure,
    ReferenceRate,
    Subject,
    TariffLine,
)
from compliance.tax import Rate
from kernel.clock import shanghai_day

_TARIFF = """
SELECT DISTINCT ON (hs_code) hs_code, mfn_rate, vat_rate, provisional_rate, excise_kind, excise_rate,
       excise_per_unit_fen, excise_unit, threshold_fen_per_ml_or_g, threshold_fen_per_piece
FROM compliance_tariffline WHERE hs_code = ANY(%s) AND first_day <= %s
ORDER BY hs_code, first_day DESC
"""
_LISTING = """
SELECT DISTINCT ON (hs_code) hs_code, listed, remark, only_modes, limit_group, exclusion
FROM compliance_positivelistline WHERE hs_code = ANY(%s) AND first_day <= %s
ORDER BY hs_code, first_day DESC
"""
# What "given" means, for every statement that asks: to this very text, with these names in it, and not
# withdrawn. The first of the texts of `asked` that the subject `s` has not given; NULL when all are.
MISSING = """
SELECT t.kind FROM unnest(%(consents)s::text[], %(texts)s::text[])
    WITH ORDINALITY AS t (kind, sha256, position)
WHERE NOT EXISTS (SELECT 1 FROM compliance_consent c WHERE c.subject_id = s.id AND c.kind = t.kind
                  AND c.text_hash = t.sha256 AND c.withdrawn_at IS NULL)
ORDER BY t.position LIMIT 1
"""
# The figures whose words a variant's classes are.
CLASSES = ("goods/not_by_direct_mail", "goods/gated_classes")


_BALANCES = """
SELECT a.id, a.person_id, a.year, a.measure, a.reserved, a.used,
       coalesce(sum(CASE 'reserved' WHEN e.target THEN e.amount WHEN e.source THEN -e.amount END), 0)::bigint,
       coalesce(sum(CASE 'used' WHEN e.target THEN e.amount WHEN e.source THEN -e.amount END), 0)::bigint
FROM compliance_allowanceaccount a LEFT JOIN compliance_allowanceentry e ON e.account_id = a.id
GROUP BY a.id ORDER BY a.id
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """One person's year, in fen; `left_fen` is never negative."""

    year: int
    limit_fen: int
    used_fen: int
    reserved_fen: int

    @property
    def left_fen(self) -> int:
        """What may still be bought this year."""
        return max(self.limit_fen - self.used_fen - self.reserved_fen, 0)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a person has taken of one measure of a year: fen of the value, grams of anything else."""

    used: int = 0
    reserved: int = 0


NOTHING = Taken()


def taken(*, person_id: UUID | None, year: int) -> dict[str, Taken]:
    """What the person has used in the year, and reserved, by measure; an unknown person has taken nothing.

    What is reserved counts for every year: it is used in the year in which customs accepts the list.
    """
    if person_id is None:
        return {}
    rows = (
        AllowanceAccount.objects.filter(person_id=person_id)
        .values_list("measure")
        .annotate(used=Sum("used", filter=Q(year=year), default=0), reserved=Sum("reserved"))
    )
    return {measure: Taken(used, reserved) for measure, used, reserved in rows}


def reserved_by(*, order_number: str, person_id: UUID | None) -> int:
    """What of a person's value, in fen, one order holds reserved, in whatever year."""
    if person_id is None:
        return 0
    amount = Case(When(target="reserved", then="amount"), When(source="reserved", then=-F("amount")))
    entries = AllowanceEntry.objects.filter(
        order_number=order_number, account__person_id=person_id, account__measure=VALUE
    )
    return int(entries.aggregate(held=Sum(amount, default=0))["held"])


def grams(taken: Mapping[str, Taken]) -> dict[str, int]:
    """Grams used and reserved by group of limited goods: every measure but the value."""
    return {measure: one.used + one.reserved for measure, one in taken.items() if measure != VALUE}


def allowance(*, person_id: UUID | None, year: int, limit_fen: int) -> Allowance:
    """The value of what the person has used and reserved of the year."""
    value = taken(person_id=person_id, year=year).get(VALUE, NOTHING)
    return Allowance(year, limit_fen, value.used, value.reserved)


def limits(law: Law) -> dict[str, int]:
    """How much of each measure one person may take in a calendar year; the value first."""
    return {VALUE: law.figure("import/annual_limit"), **law.figure("import/person_year_quantities")}


def allowance_years(*, person_id: UUID) -> dict[int, dict[str, Taken]]:
    """What the person has taken, by year, the youngest first, and measure."""
    rows = AllowanceAccount.objects.filter(person_id=person_id).order_by("-year", "id")
    years: dict[int, dict[str, Taken]] = {}
    for year, measure, used, reserved in rows.values_list("year", "measure", "used", "reserved"):
        years.setdefault(year, {})[measure] = Taken(used, reserved)
    return years


def allowance_entries(
    *, person_id: UUID, until: datetime | None, skip: int, count: int
) -> list[AllowanceEntry]:
    """The person's movements with their accounts, the youngest first: not after `until`, the first `skip` of
    those left out."""
    entries = AllowanceEntry.objects.filter(account__person_id=person_id).select_related("account")
    if until is not None:
        entries = entries.filter(at__lte=until)
    return list(entries.order_by("-at", "-id")[skip : skip + count])


@dataclass(frozen=True, slots=True)
class Difference:
    """A balance that is not the sum of its entries."""

    account_id: int
    person_id: UUID
    year: int
    measure: str
    bucket: str
    kept: int
    counted: int


def allowance_differences() -> tuple[int, list[Difference]]:
    """How many accounts there are, and each balance that differs from the sum of its entries."""
    checked, found = 0, []
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES)
        for id, person_id, year, measure, *balances in cursor:
            checked += 1
            for bucket, kept, counted in zip(("reserved", "used"), balances[:2], balances[2:], strict=True):
                if kept != counted:
                    found.append(Difference(id, person_id, year, measure, bucket, kept, counted))
    return checked, found


def tariff(*, hs_codes: Iterable[str], day: date) -> dict[str, Rate]:
    """The rates in force on `day` by the given codes, in one statement.

    A 10-digit code is answered by its own line, else by the line of its first 8 digits; a code without any
    is left out, and `tax.assess` then raises TariffMissing.
    """
    wanted = set(hs_codes)
    with connection.cursor() as cursor:
        cursor.execute(_TARIFF, [sorted(wanted | {code[:8] for code in wanted}), day])
        lines = {row[0]: Rate(*row) for row in cursor.fetchall()}
    return {code: rate for code in wanted if (rate := lines.get(code) or lines.get(code[:8])) is not None}


def has_tariff(*, hs_code: str, day: date) -> bool:
    """Whether goods of this code can be taxed on `day`; the catalogue asks before it publishes."""
    return TariffLine.objects.filter(hs_code__in=[hs_code, hs_code[:8]], first_day__lte=day).exists()


def rows_in_force(day: date) -> list[Any]:
    """The rows in force on `day` of every table of the law: those that have a first day and a last check."""
    found: list[Any] = []
    for model in apps.get_app_config("compliance").get_models():
        names = {field.name for field in model._meta.concrete_fields}
        if names >= {"first_day", "checked_on"}:
            [one_a_day] = [c for c in model._meta.total_unique_constraints if "first_day" in c.fields]
            key = [name for name in one_a_day.fields if name != "first_day"]
            known = model._default_manager.filter(first_day__lte=day)
            found += known.order_by(*key, "-first_day").distinct(*key)
    return found


def listing(*, hs_codes: Iterable[str], day: date) -> dict[str, Listing]:
    """What the positive list says on `day` of the given codes of 8 digits or more, in one statement.

    A code that is not on the list, or was taken off it, is left out.
    """
    wanted = set(hs_codes)
    with connection.cursor() as cursor:
        cursor.execute(_LISTING, [sorted({code[:8] for code in wanted}), day])
        lines = {code: Listing(*said) for code, listed, *said in cursor.fetchall() if listed}
    return {code: lines[code[:8]] for code in wanted if code[:8] in lines}


def reference_rates(*, currencies: Iterable[str], day: date) -> dict[str, ReferenceRate]:
    """The reference rate in force on `day` of each currency, in one statement; without one it is left out."""
    rows = ReferenceRate.objects.filter(currency__in=list(currencies), first_day__lte=day)
    return {row.currency: row for row in rows.order_by("currency", "-first_day").distinct("currency")}


def goods_classes() -> dict[str, str]:
    """The classes of goods that a rule asks for, of any day, with the words of their document."""
    topics = Law(date.max).topics
    return {c: words for name in CLASSES for one in topics[name].figures for c, words in one.value.items()}


def consents(*, subject_id: UUID, texts: Iterable[ConsentText]) -> dict[str, Consent]:
    """The consents that the subject has given to these very texts and not withdrawn, by kind; see MISSING."""
    hashes = {text.kind: text.sha256 for text in texts}
    own = Consent.objects.filter(subject_id=subject_id, withdrawn_at=None, kind__in=hashes)
    return {c.kind: c for c in own if c.text_hash == hashes[c.kind]}


def asked(kinds: Sequence[str], now: datetime, names: Mapping[str, str] = NO_NAMES) -> dict[str, Any]:
    """The parameters of MISSING: the texts of these kinds in force now. One without a text is never given."""
    texts = [current_text(kind, shanghai_day(now), names) for kind in kinds]
    return {"consents": list(kinds), "texts": [text.sha256 if text else "" for text in texts]}


def given(*, subject_id: UUID, kind: str, now: datetime, names: Mapping[str, str] = NO_NAMES) -> bool:
    """Whether the subject agrees to the text of this kind now in force, with these names in it."""
    text = current_text(kind, shanghai_day(now), names)
    return text is not None and kind in consents(subject_id=subject_id, texts=[text])


def allowed(*, subject_id: UUID, kind: str, now: datetime, names: Mapping[str, str] = NO_NAMES) -> bool:
    """Whether what rests on this consent may be done now: it is given, and processing is not limited.

    The gate before each marketing message, personalised list, and reuse of an identity; what goes to the
    brand abroad passes it in `disclose`.
    """
    limited = Subject.objects.filter(pk=subject_id).exclude(limited_at=None).exists()
    return not limited and given(subject_id=subject_id, kind=kind, now=now, names=names)


def accesses(*, refs: Iterable[str]) -> list[Access]:
    """Who else opened data of these rows, the last first."""
    return list(Access.objects.filter(ref__in=list(refs)).order_by("-id"))


def disclosures(*, subject_id: UUID, after: UUID | None, limit: int) -> list[Disclosure]:
    """To whom the subject's data was given, the last first, in one statement; those before `after`."""
    own = Disclosure.objects.filter(subject_id=subject_id)
    if after is not None:
        own = own.filter(id__lt=Subquery(own.filter(public_id=after).values("id")))
    return list(own.order_by("-id")[:limit])
