"""The keys by which WeChat Pay signs are kept: what was signed with one can be checked for as long as it lies here."""

from django.db import migrations

from kernel.append_only import no_delete


class Migration(migrations.Migration):
    dependencies = [
        ('storefronts', '0001_initial'),
    ]

    operations = [no_delete("storefronts_platformkey")]
