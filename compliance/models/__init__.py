"""Keys, subjects, persons, allowances, judgements, consents: what the law needs to be remembered."""

from __future__ import annotations

from functools import reduce
from operator import or_

from django.db import models
from django.db.models import F, Q

from compliance.models.assessment import ImpactAssessment
from compliance.models.incident import Incident, IncidentAffected, IncidentNotice
from compliance.models.logs import Access, ChainLink, Disclosure, NoticeSeen
from compliance.models.positive_list import PositiveListLine
from compliance.models.tariff import TariffLine
from compliance.states import PAYER
from kernel.ids import uuid7

__all__ = [
    "MOVES",
    "VALUE",
    "Access",
    "AllowanceAccount",
    "AllowanceEntry",
    "ChainLink",
    "Consent",
    "DataKey",
    "Disclosure",
    "ImpactAssessment",
    "Incident",
    "IncidentAffected",
    "IncidentNotice",
    "Judgement",
    "NoticeSeen",
    "PayerCheck",
    "Person",
    "PositiveListLine",
    "ReferenceRate",
    "Subject",
    "TariffLine",
]


class DataKey(models.Model):
    """A wrapped data key; the only table that changing a master key has to touch."""

    class Kind(models.TextChoices):
        SUBJECT = "subject"
        ORDER = "order"
        STOREFRONT = "storefront"
        INCIDENT = "incident"
        FINDING = "finding"
        OPERATOR = "operator"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    storefront_id = models.BigIntegerField(null=True)
    wrapped = models.BinaryField()
    master_key_id = models.CharField(max_length=40)
    destroy_on = models.DateField(null=True, blank=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="datakey_destroyed_is_empty",
                condition=Q(destroyed_at=None) & ~Q(wrapped=b"") | Q(destroyed_at__isnull=False, wrapped=b""),
            ),
        ]
        indexes = [
            models.Index(fields=["destroy_on"], name="datakey_due", condition=Q(destroyed_at=None)),
            models.Index(fields=["master_key_id", "id"], name="datakey_master"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Person(models.Model):
    """A human being behind an identity number, known across storefronts by a blind index alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number_index = models.BinaryField(max_length=33, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class Subject(models.Model):
    """Whom the data of one customer is about; owns the key under which it is sealed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    storefront_id = models.BigIntegerField()
    key = models.OneToOneField(DataKey, on_delete=models.PROTECT, related_name="subject")
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="subjects"
    )
    created_at = models.DateTimeField()
    limited_at = models.DateTimeField(null=True, blank=True, help_text="since when data is only stored")
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["storefront_id", "id"], name="subject_storefront")]

    def __str__(self) -> str:
        return str(self.id)


VALUE = "value"


class AllowanceAccount(models.Model):
    """What one person has used and reserved of one measure of one year, over all storefronts.

    The measure "value" is counted in fen; every other one, such as "sugar", is counted in grams.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="allowances")
    year = models.PositiveSmallIntegerField()
    measure = models.CharField(max_length=40, default=VALUE)
    reserved = models.BigIntegerField(default=0)
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "year", "measure"], name="allowance_one_a_measure"),
            models.CheckConstraint(name="allowance_reserved_not_negative", condition=Q(reserved__gte=0)),
            models.CheckConstraint(name="allowance_used_not_negative", condition=Q(used__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.year} {self.measure}"


# Double entry: each kind of movement takes from one bucket of an account and gives to another.
MOVES = {
    "reserve": ("left", "reserved"),
    "use": ("reserved", "used"),
    "free": ("reserved", "left"),
    "restore": ("used", "left"),
    "reopen": ("used", "reserved"),
    "carry_out": ("reserved", "left"),
    "carry_in": ("left", "reserved"),
    "customs_more": ("left", "used"),
    "customs_less": ("used", "left"),
}


class AllowanceEntry(models.Model):
    """One movement of an allowance from one bucket to another; written once, never changed.

    `reference` says what moved it where that is not the order itself: a return, a message of customs, the
    year into which a reservation was carried. What customs says of a person is of no order: its number is
    empty then. `amount` is in the unit of the account's measure.
    """

    class Kind(models.TextChoices):
        RESERVE = "reserve"
        USE = "use"
        FREE = "free"
        RESTORE = "restore"
        REOPEN = "reopen"
        CARRY_OUT = "carry_out"
        CARRY_IN = "carry_in"
        CUSTOMS_MORE = "customs_more"
        CUSTOMS_LESS = "customs_less"

    class Bucket(models.TextChoices):
        LEFT = "left"
        RESERVED = "reserved"
        USED = "used"

    account = models.ForeignKey(AllowanceAccount, on_delete=models.PROTECT, related_name="entries")
    order_number = models.CharField(max_length=60, blank=True)
    reference = models.CharField(max_length=80, default="", blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    source = models.CharField(max_length=8, choices=Bucket.choices)
    target = models.CharField(max_length=8, choices=Bucket.choices)
    amount = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "allowance entries"
        constraints = [
            models.UniqueConstraint(
                fields=["order_number", "kind", "reference", "account"], name="allowance_entry_once"
            ),
            models.CheckConstraint(name="allowance_entry_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="allowance_entry_moves",
                condition=reduce(or_, (Q(kind=kind, source=s, target=t) for kind, (s, t) in MOVES.items())),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_number} {self.kind} {self.amount}"


class Judgement(models.Model):
    """A verdict with what it rested on, kept as evidence; UPDATE is refused by a trigger."""

    class Moment(models.TextChoices):
        QUOTE = "quote"
        CHECKOUT = "checkout"
        NAMING = "naming"
        DECLARE = "declare"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    storefront_id = models.BigIntegerField()
    subject = models.ForeignKey(Subject, null=True, on_delete=models.PROTECT, related_name="judgements")
    order_number = models.CharField(max_length=60, null=True, blank=True)
    moment = models.CharField(max_length=10, choices=Moment.choices)
    allowed = models.BooleanField()
    judged = models.JSONField(default=list, help_text="numbers of the rules that were asked")
    refusals = models.JSONField()
    figures = models.JSONField()
    edition = models.CharField(max_length=64)
    facts_sealed = models.BinaryField()
    # Without an index: no key is ever deleted, and nobody looks for the judgements of one.
    key = models.ForeignKey(DataKey, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    decided_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["order_number"], name="judgement_order"),
            models.Index(fields=["storefront_id", "decided_at"], name="judgement_storefront"),
        ]

    def __str__(self) -> str:
        return self.order_number or str(self.id)


class PayerCheck(models.Model):
    """Whether the payer of one order is its orderer: what was asked and answered, and until when to mend it.

    WeChat says the same or different, never who. The history is the list of its events.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    storefront_id = models.BigIntegerField()
    order_number = models.CharField(max_length=60, unique=True)
    port = models.CharField(max_length=4, help_text="海关关区代码 at which the order is declared")
    state = models.CharField(max_length=10, choices=PAYER.choices, default=PAYER.start)
    opened_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField(
        null=True, blank=True, help_text="until when the consumer may name the payer as orderer"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payer_different_has_deadline",
                condition=~Q(state="different") | Q(deadline_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["deadline_at"], name="payer_due", condition=Q(state="different")),
            models.Index(fields=["storefront_id", "state"], name="payer_storefront"),
        ]

    def __str__(self) -> str:
        return f"{self.order_number} {self.state}"

    @property
    def event_key(self) -> str:
        return f"payer:{self.order_number}"


class Consent(models.Model):
    """What a person agreed to, in which version of which text, and until when."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="consents")
    storefront_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    text_hash = models.CharField(max_length=64)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "kind"], name="consent_one_active", condition=Q(withdrawn_at=None)
            ),
            models.CheckConstraint(
                name="consent_withdrawn_after_given",
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("given_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class ReferenceRate(models.Model):
    """The reference rate of one currency from one day on: what 100 units cost in yuan, as it is published."""

    currency = models.CharField(max_length=3, help_text="ISO 4217")
    first_day = models.DateField()
    cny_per_100 = models.DecimalField(max_digits=14, decimal_places=4)
    source = models.CharField(max_length=200)
    link = models.CharField(max_length=300, default="", blank=True)
    confidence = models.CharField(max_length=1, choices=TariffLine.Confidence.choices)
    checked_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["currency", "first_day"], name="rate_one_a_day"),
            models.CheckConstraint(name="rate_currency", condition=Q(currency__regex="^[A-Z]{3}$")),
            models.CheckConstraint(name="rate_positive", condition=Q(cny_per_100__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.currency} from {self.first_day}"
