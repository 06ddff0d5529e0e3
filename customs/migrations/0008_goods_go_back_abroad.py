"""Goods go back abroad with their papers; those who serve remove none."""

from django.db import migrations

from kernel.append_only import no_delete


class Migration(migrations.Migration):

    dependencies = [
        ('customs', '0007_account_books'),
        ('inventory', '0002_movements_make_balances'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        no_delete("customs_outbound"),
    ]
