"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('orders', '0005_an_address_is_mended'),
    ]
    operations = [
        wall(
            "orders_cartline",
            "orders_coupon",
            "orders_couponclaim",
            "orders_quote",
            "orders_order",
            "orders_orderline",
            "orders_formerorderer",
        ),
    ]
