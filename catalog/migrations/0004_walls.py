"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('catalog', '0003_public_prices'),
        ('kernel', '0008_walls'),
    ]
    operations = [
        wall(
            "catalog_category",
            "catalog_brand",
            "catalog_product",
            "catalog_variant",
            "catalog_pricecut",
            "catalog_publicprice",
            "catalog_media",
            "catalog_catalogversion",
        ),
    ]
