"""The ground's own nouns: what happened, what was taken in, and what waits for a human or a worker."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from kernel.ids import uuid7


class Event(models.Model):
    """A fact, append-only; `seq` numbers the facts of one key, so events are also the history of a row."""

    storefront_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    seq = models.PositiveIntegerField()
    facts = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "seq"], name="event_key_seq")]
        indexes = [models.Index(fields=["name", "at"], name="event_name_at")]

    def __str__(self) -> str:
        return f"{self.name} {self.key}#{self.seq}"


class Delivery(models.Model):
    """One event on its way to one handler; stays visible until done."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    handler = models.CharField(max_length=80)
    key = models.CharField(max_length=80)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="delivery_once")]
        indexes = [
            models.Index(fields=["next_try_at", "id"], name="delivery_due", condition=Q(done_at=None)),
            models.Index(fields=["handler", "key", "id"], name="delivery_turn", condition=Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.handler} ← {self.key}"


class Receipt(models.Model):
    """An outside message or a client's key that was taken in, with the answer that was given."""

    source = models.CharField(max_length=120)
    key = models.CharField(max_length=120)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="receipt_once")]
        indexes = [models.Index(fields=["at"], name="receipt_age")]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"


class Case(models.Model):
    """Something that software must not decide alone; at most one open case per kind and key."""

    class State(models.TextChoices):
        OPEN = "open"
        SETTLED = "settled"

    storefront_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    facts = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    seen = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    taken_by = models.CharField(max_length=80, default="", blank=True, help_text="who works on it now")
    taken_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=80, default="", blank=True)
    note = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="case_one_open", condition=Q(state="open")),
            models.CheckConstraint(
                name="case_settled_has_day", condition=Q(state="open") | Q(settled_at__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["storefront_id", "state", "opened_at"], name="case_queue")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Approval(models.Model):
    """Four eyes: what one operator asks, another one decides."""

    storefront_id = models.BigIntegerField(null=True)
    verb = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    facts = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="no decision and no use after it")
    decided_by = models.CharField(max_length=80, default="", blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    granted = models.BooleanField(null=True, blank=True)
    reason = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="approval_four_eyes", condition=Q(decided_by="") | ~Q(decided_by=F("asked_by"))
            ),
            models.CheckConstraint(
                name="approval_decided_whole",
                condition=Q(granted=None, decided_at=None, decided_by="")
                | (Q(granted__isnull=False, decided_at__isnull=False) & ~Q(decided_by="")),
            ),
            models.UniqueConstraint(
                fields=["verb", "key"], name="approval_one_pending", condition=Q(granted=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.key}"


class Job(models.Model):
    """Long work done by a worker, with its progress and its end."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=60)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)
    error = models.TextField(default="", blank=True)
    asked_by = models.CharField(max_length=80, default="", blank=True)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class File(models.Model):
    """A file that the house holds for someone: what it is, its hash, and until when."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, unique=True)
    sealed = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
