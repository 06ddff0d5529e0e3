"""Impact assessments of the handling of personal data: what was weighed, by whom, what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ImpactAssessment(models.Model):
    """One assessment as it was made (PIPL Art. 55, 56), written once; it names no consumer.

    Without a storefront it is one of the whole platform. The youngest of a kind counts.
    """

    class Processing(models.TextChoices):
        SENSITIVE = "sensitive"
        AUTOMATED = "automated"
        PROVIDED = "provided"
        ABROAD = "abroad"
        INFLUENCE = "influence"

    storefront_id = models.BigIntegerField(null=True, blank=True)
    processing = models.CharField(max_length=12, choices=Processing.choices)
    assessed_on = models.DateField()
    assessed_by = models.CharField(max_length=80, help_text="who assessed: a person or a body, with its role")
    purpose = models.TextField(help_text="whether purpose and means are lawful, legitimate and necessary")
    impact = models.TextField(help_text="influence on the persons' rights, and risks to security")
    measures = models.TextField(help_text="whether the protection is lawful, effective and fits the risk")
    acceptable = models.BooleanField(help_text="the conclusion: it may go on")
    review_on = models.DateField(help_text="the day by which it is made anew")
    recorded_by = models.CharField(max_length=80)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = "impact assessment"
        constraints = [
            models.CheckConstraint(
                name="assessment_reviewed_later", condition=Q(review_on__gt=F("assessed_on"))
            ),
            models.CheckConstraint(
                name="assessment_whole",
                condition=~Q(assessed_by="") & ~Q(purpose="") & ~Q(impact="") & ~Q(measures=""),
            ),
        ]
        indexes = [
            models.Index(fields=["processing", "storefront_id", "-assessed_on"], name="assessment_last"),
        ]

    def __str__(self) -> str:
        return f"{self.processing} {self.assessed_on}"
