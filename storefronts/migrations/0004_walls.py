"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [("storefronts", "0003_operator_sessions"), ("kernel", "0008_walls")]
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
