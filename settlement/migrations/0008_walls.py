"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [("settlement", "0007_refused_and_not_left"), ("kernel", "0008_walls")]
    operations = [
        wall(
            "settlement_evidence",
            "settlement_settlementbatch",
            "settlement_settlementitem",
            "settlement_forexreceipt",
            "settlement_entry",
            "settlement_posting",
            "settlement_openorder",
        ),
    ]
