"""The secret of a telephone that is not sealed can be stored no more."""

from django.db import migrations

SEALED = "ALTER TABLE otp_totp_totpdevice ADD CONSTRAINT telephone_sealed CHECK (key !~ '^[0-9a-f]*$')"


class Migration(migrations.Migration):
    dependencies = [
        ('storefronts', '0005_telephones'),
    ]

    operations = [
        migrations.RunSQL(SEALED, "ALTER TABLE otp_totp_totpdevice DROP CONSTRAINT telephone_sealed"),
    ]
