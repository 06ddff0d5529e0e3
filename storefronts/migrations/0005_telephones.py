"""An operator's authenticator, whose secret rests sealed under a key of theirs."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ('otp_totp', '0003_add_timestamps'),
        ('storefronts', '0004_foureyes'),
    ]

    operations = [
        migrations.CreateModel(
            name="Telephone",
            fields=[],
            options={"verbose_name": "authenticator", "proxy": True, "indexes": [], "constraints": []},
            bases=("otp_totp.totpdevice",),
        ),
    ]
