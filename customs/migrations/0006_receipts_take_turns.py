"""Receipts of no known document are looked at in turns, by the worker."""

from django.db import migrations

_TURNS = """
GRANT UPDATE (looked_at) ON customs_portreceipt TO worker
"""


class Migration(migrations.Migration):
    dependencies = [
        ('customs', '0005_receipts_find_their_document'),
    ]

    operations = [
        migrations.RunSQL(_TURNS, "REVOKE UPDATE (looked_at) ON customs_portreceipt FROM worker"),
    ]
