"""A row and what it points to belong to the same storefront: composite foreign keys, which Django has no field for."""

from django.db import migrations

PAIRS = [
    ("category_parent_tenant", "catalog_category", "parent_id", "catalog_category"),
    ("product_category_tenant", "catalog_product", "category_id", "catalog_category"),
    ("product_brand_tenant", "catalog_product", "brand_id", "catalog_brand"),
    ("variant_product_tenant", "catalog_variant", "product_id", "catalog_product"),
    ("cut_variant_tenant", "catalog_pricecut", "variant_id", "catalog_variant"),
    ("media_product_tenant", "catalog_media", "product_id", "catalog_product"),
    ("public_price_variant_tenant", "catalog_publicprice", "variant_id", "catalog_variant"),
]


class Migration(migrations.Migration):
    dependencies = [
        ('catalog', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(
            sql=f"ALTER TABLE {table} ADD CONSTRAINT {name}"
            f" FOREIGN KEY (storefront_id, {column}) REFERENCES {target} (storefront_id, id)",
            reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )
        for name, table, column, target in PAIRS
    ]
