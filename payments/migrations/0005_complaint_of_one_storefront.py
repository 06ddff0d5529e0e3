"""A complaint's number is one row at each storefront, and its open cases are filed under both."""

from django.db import migrations, models

_OF_COMPLAINTS = "kind LIKE 'complaint.%' AND key LIKE 'complaint:%' AND storefront_id IS NOT NULL"
_KEYS = rf"""
UPDATE kernel_case
SET key = regexp_replace(key, '^complaint:(.+?)(:[0-9]+)?$', 'complaint:\1@' || storefront_id || '\2')
WHERE {_OF_COMPLAINTS}
"""  # noqa: S608  (our own words)
_BACK = rf"""
UPDATE kernel_case SET key = regexp_replace(key, '@[0-9]+(:[0-9]+)?$', '\1') WHERE {_OF_COMPLAINTS}
"""  # noqa: S608


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_orders_that_money_came_for"),
        ("kernel", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="complaint", name="complaint_once"),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.UniqueConstraint(
                fields=("storefront", "channel", "external_id"), name="complaint_once"
            ),
        ),
        migrations.RunSQL(_KEYS, _BACK),
    ]
