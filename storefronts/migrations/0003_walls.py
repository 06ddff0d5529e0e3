"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('storefronts', '0002_platform_keys_stay'),
    ]
    operations = [
        wall(
            "storefronts_legalparty",
            "storefronts_merchantaccount",
            "storefronts_pastmerchantkey",
            "storefronts_platformkey",
            "storefronts_keyfetch",
            "storefronts_pushedmessage",
            "storefronts_membership",
        ),
    ]
