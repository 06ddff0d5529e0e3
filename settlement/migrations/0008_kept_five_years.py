"""Evidence of trades and pages of rates are let go of after five years, and not a day earlier."""

from django.db import migrations

from kernel.append_only import forgetting


class Migration(migrations.Migration):
    dependencies = [("settlement", "0007_coupons_and_corrections")]

    operations = [
        forgetting("settlement_evidence", column="told_at", years=5),
        forgetting("settlement_ratepublication", column="fetched_at", years=5),
    ]
