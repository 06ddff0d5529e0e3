"""A wrapped key changes under the owner's hands alone; those who serve make keys and destroy them.

The database cannot tell whether what a rotation writes opens the same key: so nobody who serves may rotate.
"""

from django.db import migrations

from kernel.append_only import only_update


class Migration(migrations.Migration):
    dependencies = [("compliance", "0014_evidence")]

    operations = [
        migrations.RunSQL(
            "REVOKE UPDATE (master_key_id) ON compliance_datakey FROM worker",
            "GRANT UPDATE (master_key_id) ON compliance_datakey TO worker",
        ),
        # What was drafted is said so, or drafted anew as the next version.
        only_update("compliance_incidentnotice", columns=("sent_at", "sent_by", "channel")),
    ]
