"""Consumers of one storefront; everything that names a person is sealed under that person's key."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from compliance.models import Person, Subject
from kernel.ids import uuid7
from storefronts.models import Storefront


class Customer(models.Model):
    """A WeChat user of one storefront, known by the blind index of the openid."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    subject = models.OneToOneField(Subject, on_delete=models.PROTECT, related_name="+")
    openid_index = models.BinaryField(max_length=33)
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
        REJECTED = "rejected", "name and number do not belong together"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="identity")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    name_sealed = models.BinaryField()
    number_sealed = models.BinaryField()
    number_index = models.BinaryField(max_length=33)
    state = models.CharField(max_length=10, choices=State.choices, default=State.STATED)
    stated_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "identities"
        indexes = [models.Index(fields=["number_index"], name="identity_number")]

    def __str__(self) -> str:
        return str(self.public_id)
