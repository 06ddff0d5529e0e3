"""Incidents: what is known, until when who must be told, whom it concerned, what was said."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from compliance.states import INCIDENT
from kernel.ids import uuid7


class Incident(models.Model):
    """Personal data leaked, altered or lost, or possibly so. Its texts name no person.

    Without a storefront it concerns the whole platform. `window_from` to `window_to`, `who` and `what` say
    which part of the access log shows what was looked at.
    """

    class Kind(models.TextChoices):
        LEAK = "leak"
        ALTERED = "altered"
        LOST = "lost"

    class Severity(models.TextChoices):
        UNKNOWN = "", "not assessed"
        ORDINARY = "ordinary"
        LARGER = "larger"
        MAJOR = "major"
        EXTRAORDINARY = "extraordinary"

    number = models.CharField(max_length=40, unique=True)
    storefront_id = models.BigIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=200, help_text="what happened, in one line; names no person")
    state = models.CharField(max_length=12, choices=INCIDENT.choices, default=INCIDENT.start)
    severity = models.CharField(max_length=14, choices=Severity.choices, default="", blank=True)
    critical = models.BooleanField(default=False, help_text="critical information infrastructure concerned")
    detected_at = models.DateTimeField()
    window_from = models.DateTimeField()
    window_to = models.DateTimeField()
    who = models.CharField(max_length=80, default="", blank=True, help_text="as the access log names them")
    what = models.CharField(max_length=80, default="", blank=True, help_text="beginning of the label")
    persons = models.PositiveIntegerField(default=0)
    loss_fen = models.BigIntegerField(default=0)
    data_kinds = models.JSONField(default=list, blank=True)
    cause_zh = models.TextField(default="", blank=True)
    cause_en = models.TextField(default="", blank=True)
    measures_zh = models.TextField(default="", blank=True)
    measures_en = models.TextField(default="", blank=True)
    contact = models.CharField(max_length=300, help_text="who answers for the data, and how to reach them")
    persons_waived = models.TextField(default="", blank=True)
    authority_due_at = models.DateTimeField(null=True, blank=True)
    persons_due_at = models.DateTimeField(null=True, blank=True)
    final_due_at = models.DateTimeField(null=True, blank=True)
    authority_told_at = models.DateTimeField(null=True, blank=True)
    persons_told_at = models.DateTimeField(null=True, blank=True)
    final_told_at = models.DateTimeField(null=True, blank=True)
    contained_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_note = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="incident_window", condition=Q(window_from__lte=models.F("window_to"))
            ),
            models.CheckConstraint(name="incident_loss", condition=Q(loss_fen__gte=0)),
            models.CheckConstraint(
                name="incident_assessed_has_severity",
                condition=Q(state__in=["detected", "dismissed"]) | ~Q(severity=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["detected_at"],
                name="incident_open",
                condition=~Q(state__in=["closed", "dismissed"]),
            ),
            models.Index(fields=["storefront_id", "detected_at"], name="incident_storefront"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def event_key(self) -> str:
        return f"incident:{self.number}"


class IncidentAffected(models.Model):
    """Who was affected as the access log told it at one moment: counts to read, the list itself sealed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="affected")
    storefront_id = models.BigIntegerField(null=True)
    counts = models.JSONField()
    people_sealed = models.BinaryField()
    key = models.ForeignKey("compliance.DataKey", on_delete=models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField()
    frozen_by = models.CharField(max_length=80)

    class Meta:
        verbose_name = "list of persons affected"
        verbose_name_plural = "lists of persons affected"

    def __str__(self) -> str:
        return f"{self.frozen_at:%Y-%m-%d %H:%M}"


class IncidentNotice(models.Model):
    """A notice as it was drafted, in Chinese and English; once told it is evidence of what was said."""

    class Duty(models.TextChoices):
        AUTHORITY = "authority"
        PERSONS = "persons"
        FINAL = "final"

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="notices")
    storefront_id = models.BigIntegerField(null=True)
    duty = models.CharField(max_length=10, choices=Duty.choices)
    version = models.PositiveSmallIntegerField()
    zh = models.TextField()
    en = models.TextField()
    sha256 = models.CharField(max_length=64)
    drafted_at = models.DateTimeField()
    drafted_by = models.CharField(max_length=80)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.CharField(max_length=80, default="", blank=True)
    channel = models.CharField(max_length=200, default="", blank=True, help_text="to whom and by which way")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "duty", "version"], name="notice_version_once"),
            models.UniqueConstraint(
                fields=["incident", "duty"], name="notice_told_once", condition=Q(sent_at__isnull=False)
            ),
            models.CheckConstraint(
                name="notice_told_whole",
                condition=Q(sent_at=None, sent_by="", channel="")
                | Q(sent_at__isnull=False) & ~Q(sent_by="") & ~Q(channel=""),
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.version}"
