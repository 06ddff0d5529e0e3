"""Evidence of a trade and pages of rates are written by the worker, which is told of them; `web` writes neither."""

from django.db import migrations

from kernel.append_only import not_web


class Migration(migrations.Migration):
    dependencies = [
        ('settlement', '0002_books_stay'),
    ]

    operations = [
        not_web("INSERT", "settlement_evidence"),
        not_web("INSERT", "settlement_ratepublication"),
    ]
