"""The secrets of telephones are sealed, each under a key of its operator; one that is not can be stored no more."""

from base64 import b32decode, b32encode, b85decode, b85encode

from django.db import migrations

from compliance import vault

LABEL = "otp_totp_totpdevice.key"
SEALED = "ALTER TABLE otp_totp_totpdevice ADD CONSTRAINT telephone_sealed CHECK (key !~ '^[0-9a-f]*$')"


def seal(apps, schema_editor):
    """One key an operator, whatever they have bound."""
    keys = {}
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.order_by("pk"):
        operator = str(device.user_id)
        if operator not in keys:
            row, keys[operator] = vault.new_key("operator", None)
            vault.insert_key(row)
            apps.get_model("storefronts", "Operator").objects.filter(pk=operator).update(factor_key_id=row.id)
        secret = b32encode(bytes.fromhex(device.key)).decode()
        device.key = b85encode(keys[operator].seal(LABEL, operator, secret)).decode()
        device.save(update_fields=["key"])


def open_again(apps, schema_editor):
    """As the library wrote them; the keys go."""
    operators = apps.get_model("storefronts", "Operator").objects.exclude(factor_key=None)
    for operator in operators.select_related("factor_key"):
        key = vault.unwrap(operator.factor_key)
        for device in apps.get_model("otp_totp", "TOTPDevice").objects.filter(user_id=operator.pk):
            secret = key.open(LABEL, str(operator.pk), b85decode(device.key))
            device.key = b32decode(secret).hex()
            device.save(update_fields=["key"])
    operators.update(factor_key=None)
    apps.get_model("compliance", "DataKey").objects.filter(kind="operator").delete()


class Migration(migrations.Migration):
    dependencies = [("storefronts", "0006_telephones")]

    operations = [
        migrations.RunPython(seal, open_again),
        migrations.RunSQL(SEALED, "ALTER TABLE otp_totp_totpdevice DROP CONSTRAINT telephone_sealed"),
    ]
