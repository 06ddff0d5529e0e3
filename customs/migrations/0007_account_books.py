"""What customs entered in an account book stays."""

from django.db import migrations

from kernel.append_only import no_change


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_public_prices'),
        ('customs', '0006_receipts_take_turns'),
        ('inventory', '0002_movements_make_balances'),
        ('kernel', '0006_files_and_deliveries_stay'),
        ('orders', '0005_an_address_is_mended'),
        ('payments', '0005_what_waits_stays'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        no_change("customs_bookentry"),
    ]
