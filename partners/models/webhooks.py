"""How notices reach a partner that does not come for them: endpoints, messages, and each attempt."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kernel.ids import uuid7
from partners.models.accounts import Partner
from storefronts.models import Storefront


class Endpoint(models.Model):
    """An address of a partner's to which the notices of one storefront are sent, of the types it wants.

    While it is paused its messages wait. A slow one has a lane of its own, so that it delays no other.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        REMOVED = "removed"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="endpoints")
    url = models.CharField(max_length=500)
    types = ArrayField(models.CharField(max_length=40), help_text="which notices it wants")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    secret_sealed = models.BinaryField(help_text="sealed under the storefront's key")
    former_sealed = models.BinaryField(default=b"", blank=True, help_text="the secret before it")
    former_until = models.DateTimeField(null=True, blank=True, help_text="until when both sign")
    slow = models.BooleanField(default=False)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="one after another")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_why = models.CharField(max_length=60, default="", blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="endpoint_paused_has_day", condition=~Q(state="paused") | Q(paused_at__isnull=False)
            )
        ]
        indexes = [models.Index(fields=["storefront", "state"], name="endpoint_of")]

    def __str__(self) -> str:
        return self.url


class Message(models.Model):
    """One notice on its way to one endpoint; those of one object arrive in their order."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        GIVEN_UP = "given_up"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="messages")
    type = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    position = models.BigIntegerField(null=True, blank=True, help_text="of the notice; none: a test")
    at = models.DateTimeField(help_text="when it happened")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "position"], name="message_once"),
            models.CheckConstraint(
                name="message_ended_has_day", condition=Q(state="waiting") | Q(ended_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_try_at"], name="message_due", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["endpoint", "subject", "id"], name="message_turn", condition=Q(state="waiting")
            ),
            models.Index(fields=["endpoint", "-id"], name="message_log"),
            models.Index(fields=["ended_at"], name="message_day", condition=Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"msg_{self.public_id.hex}"


class Attempt(models.Model):
    """What came of one attempt: status and time it took, or why there was no answer."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="HTTP; none: no answer")
    millis = models.PositiveIntegerField(help_text="how long it took")
    error = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["message", "-id"], name="attempt_of")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.status or self.error}"
