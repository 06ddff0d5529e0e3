"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('settlement', '0005_orders_that_are_open'),
    ]
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
