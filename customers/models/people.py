"""Consumers of one storefront; everything that names a person is sealed under that person's key."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from compliance.models import DataKey, Person, Subject
from customers.states import NAMING
from kernel.ids import uuid7
from kernel.models import File, Job
from storefronts.models import Storefront


class Customer(models.Model):
    """A WeChat user of one storefront, known by the blind index of the openid."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    subject = models.OneToOneField(Subject, on_delete=models.PROTECT, related_name="+")
    openid_index = models.BinaryField(max_length=33, null=True, help_text="empty once the account is closed")
    openid_sealed = models.BinaryField()
    phone_index = models.BinaryField(max_length=33, null=True)
    phone_sealed = models.BinaryField(null=True)
    nickname_sealed = models.BinaryField(null=True)
    language = models.CharField(max_length=2, default="zh")
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["storefront", "openid_index"], name="customer_openid")]
        indexes = [models.Index(fields=["phone_index"], name="customer_phone")]

    def __str__(self) -> str:
        return str(self.public_id)


class Session(models.Model):
    """A bearer token, kept as its hash; short-lived and revocable."""

    token_hash = models.BinaryField(max_length=32, unique=True)
    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="sessions")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"session of {self.customer_id}"


class Address(models.Model):
    """Where parcels go: the division code is plain, who and where exactly is sealed."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    division_code = models.CharField(max_length=6, help_text="行政区划代码, GB/T 2260, of county level")
    name_sealed = models.BinaryField()
    phone_sealed = models.BinaryField()
    street_sealed = models.BinaryField()
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], name="address_one_default", condition=Q(is_default=True, removed_at=None)
            )
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Identity(models.Model):
    """The name and resident identity number that a customer orders with; at most one in force."""

    class State(models.TextChoices):
        STATED = "stated", "well-formed, not yet checked with an authority"
        VERIFIED = "verified", "confirmed by an authorised provider"
        REJECTED = "rejected", "refused by the provider, or by an operator"

    class Reason(models.TextChoices):
        DIFFERS = "differs", "name and number do not belong together"
        NO_RECORD = "no_record", "the authority has no record of the number"
        MALFORMED = "malformed", "the authority takes this for no name or no number"
        OPERATOR = "operator", "rejected by an operator"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="identity")
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    name_sealed = models.BinaryField()
    number_sealed = models.BinaryField()
    number_index = models.BinaryField(max_length=33)
    pair_index = models.BinaryField(max_length=33, null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.STATED)
    rejected_for = models.CharField(max_length=10, choices=Reason.choices, default="", blank=True)
    stated_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            # Whoever merely states a number reaches nothing of the person behind it.
            models.CheckConstraint(
                name="identity_person_when_verified",
                condition=Q(state="verified", person__isnull=False, verified_at__isnull=False)
                | ~Q(state="verified") & Q(person=None),
            )
        ]
        indexes = [
            models.Index(fields=["number_index"], name="identity_number"),
            models.Index(fields=["pair_index"], name="identity_pair"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def event_key(self) -> str:
        """The key of its history."""
        return f"identity:{self.public_id}"


class NamedPayer(models.Model):
    """Who paid an order in its consumer's place, as the consumer says: name and number, until it is decided.

    They are emptied with the decision: who becomes the orderer is sealed with the order, anyone else is
    nobody's business. `confirmed_hash` is the text by which the consumer confirmed that the person knows.
    """

    OPEN = ("asked", "verified")

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="named_payers")
    order_number = models.CharField(max_length=32)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    name_sealed = models.BinaryField()
    number_sealed = models.BinaryField()
    pair_index = models.BinaryField(max_length=33, null=True)
    state = models.CharField(max_length=10, choices=NAMING.choices, default=NAMING.start)
    confirmed_version = models.CharField(max_length=20)
    confirmed_hash = models.CharField(max_length=64)
    named_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_number"], name="named_one_open", condition=Q(state__in=["asked", "verified"])
            ),
            models.CheckConstraint(
                name="named_sealed_while_open",
                condition=Q(state__in=["asked", "verified"], pair_index__isnull=False, ended_at=None)
                & ~Q(name_sealed=b"")
                & ~Q(number_sealed=b"")
                | ~Q(state__in=["asked", "verified"])
                & Q(name_sealed=b"", number_sealed=b"", pair_index=None, ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="named_person_when_verified",
                condition=Q(state__in=["verified", "taken"], person__isnull=False, verified_at__isnull=False)
                | ~Q(state__in=["verified", "taken"]) & Q(person=None),
            ),
        ]
        indexes = [models.Index(fields=["order_number"], name="named_of_order")]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def event_key(self) -> str:
        """The key of its history: the one of the payer's check."""
        return f"payer:{self.order_number}"


class IdentityAttempt(models.Model):
    """One wish to have a name and number verified: counted against the limits, and asked until answered."""

    class State(models.TextChoices):
        ASKED = "asked", "the provider's answer is not known yet"
        ANSWERED = "answered"
        OVERTAKEN = "overtaken", "something else was stated, or consent withdrawn"
        REFUSED = "refused", "too many attempts"

    class Verdict(models.TextChoices):
        MATCHES = "matches", "name and number belong together"
        DIFFERS = "differs", "name and number do not belong together"
        NO_RECORD = "no_record", "the authority has no record of the number"
        MALFORMED = "malformed", "the authority takes this for no name or no number"

    WRONG = (Verdict.DIFFERS, Verdict.NO_RECORD, Verdict.MALFORMED)

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identity_attempts")
    named = models.ForeignKey(
        NamedPayer,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="of another person, whom the customer named",
    )
    number_index = models.BinaryField(max_length=33)
    pair_index = models.BinaryField(max_length=33)
    device_index = models.BinaryField(max_length=33, null=True)
    openid_index = models.BinaryField(max_length=33, null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    anew = models.BooleanField(default=False, help_text="the provider is asked even where an answer is kept")
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=80, default="", blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, default="", blank=True)
    provider = models.CharField(max_length=40, default="", blank=True)
    request_id = models.CharField(max_length=64, default="", blank=True)
    kept = models.BooleanField(default=False, help_text="answered by what the provider had said before")
    made_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    forgiven_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-made_at"], name="attempt_customer"),
            models.Index(fields=["number_index", "-made_at"], name="attempt_number"),
            models.Index(fields=["pair_index"], name="attempt_pair"),
            models.Index(
                fields=["device_index", "-made_at"],
                name="attempt_device",
                condition=Q(device_index__isnull=False),
            ),
            models.Index(
                fields=["storefront", "openid_index", "-made_at"],
                name="attempt_openid",
                condition=Q(openid_index__isnull=False),
            ),
            models.Index(fields=["next_try_at"], name="attempt_due", condition=Q(state="asked")),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class IdentityFinding(models.Model):
    """What a provider said of one name and number, whoever stated them, until it is not good any more."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    pair_index = models.BinaryField(max_length=33, unique=True)
    key = models.OneToOneField(DataKey, null=True, on_delete=models.PROTECT, related_name="+")
    answer_sealed = models.BinaryField(default=b"")
    provider = models.CharField(max_length=40, default="")
    request_id = models.CharField(max_length=64, default="")
    asking_until = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    good_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["good_until"], name="finding_good")]

    def __str__(self) -> str:
        return str(self.public_id)


class IdentityShare(models.Model):
    """A one-time code by which a person takes a verified identity to another storefront of the platform."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identity_shares")
    code_index = models.BinaryField(max_length=33, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)
    redeemed_at = models.DateTimeField(null=True, blank=True)
    redeemed_by = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                name="share_one_open",
                condition=Q(cancelled_at=None, redeemed_at=None),
            )
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Export(models.Model):
    """A copy of a customer's data that a worker makes; its link is kept as a hash and works once."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="exports")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="+")
    file = models.OneToOneField(File, null=True, on_delete=models.PROTECT, related_name="+")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    fetched_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.public_id)
