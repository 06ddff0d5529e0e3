"""The exchange rates of each day as they were published, with the page itself and its hash."""

from __future__ import annotations

from django.db import models


class RatePublication(models.Model):
    """One day's central parities; added once, never changed. The rates enter the table of compliance."""

    day = models.DateField(unique=True, help_text="of publication, in Shanghai")
    published_at = models.DateTimeField()
    fetched_at = models.DateTimeField()
    source = models.CharField(max_length=200, help_text="address it was read from")
    sha256 = models.CharField(max_length=64)
    body = models.TextField(help_text="the page as it came")
    rates = models.JSONField(help_text="yuan for 100 units, by currency")

    def __str__(self) -> str:
        return str(self.day)
