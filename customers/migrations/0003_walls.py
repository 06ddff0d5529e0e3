"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('customers', '0002_session_lookup'),
        ('kernel', '0008_walls'),
    ]
    operations = [
        wall(
            "customers_customer",
            "customers_session",
            "customers_address",
            "customers_identity",
            "customers_namedpayer",
            "customers_identityattempt",
            "customers_identityshare",
            "customers_export",
            "customers_newstemplate",
            "customers_newsconsent",
            "customers_news",
        ),
    ]
