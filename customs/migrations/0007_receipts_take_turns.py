"""Receipts of no known document are looked at in turns."""

from django.db import migrations, models

_TURNS = """
UPDATE customs_portreceipt SET looked_at = received_at WHERE outcome = 'unknown';
GRANT UPDATE (looked_at) ON customs_portreceipt TO worker
"""


class Migration(migrations.Migration):
    dependencies = [("customs", "0006_receipts_find_their_document")]

    operations = [
        migrations.AddField(
            model_name="portreceipt",
            name="looked_at",
            field=models.DateTimeField(
                blank=True,
                help_text="when its document was last looked for; empty: it is not any more",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="portreceipt",
            index=models.Index(
                condition=models.Q(("looked_at__isnull", False)),
                fields=["looked_at"],
                name="port_receipt_looked",
            ),
        ),
        migrations.RunSQL(_TURNS, "REVOKE UPDATE (looked_at) ON customs_portreceipt FROM worker"),
    ]
