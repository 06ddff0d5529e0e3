"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('inventory', '0002_movements_make_balances'),
        ('kernel', '0008_walls'),
    ]
    operations = [
        wall(
            "inventory_freighttemplate",
            "inventory_freightzone",
            "inventory_warehouse",
            "inventory_warehouseday",
            "inventory_bookitem",
            "inventory_stock",
            "inventory_lot",
            "inventory_reservation",
            "inventory_pick",
            "inventory_count",
            "inventory_countline",
            "inventory_movement",
            "inventory_salestop",
            "inventory_shelflife",
            "inventory_transfer",
            "inventory_transferline",
        ),
    ]
