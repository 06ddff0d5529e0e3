"""List prices that are to hold from an instant on."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_walls'),
        ('storefronts', '0004_foureyes'),
    ]

    operations = [
        wall("catalog_pricechange"),
        migrations.RunSQL(
            "ALTER TABLE catalog_pricechange ADD CONSTRAINT price_change_variant_tenant"
            " FOREIGN KEY (storefront_id, variant_id) REFERENCES catalog_variant (storefront_id, id)",
            "ALTER TABLE catalog_pricechange DROP CONSTRAINT price_change_variant_tenant",
        ),
    ]
