"""Parcels that nobody expected are kept apart; what lay in them is never changed."""

from django.db import migrations

from kernel.append_only import no_change, no_delete


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0002_movements_make_balances'),
        ('orders', '0005_an_address_is_mended'),
        ('returns', '0002_what_was_found_stays'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        no_change("returns_straypiece"),
        no_delete("returns_strayparcel"),
    ]
