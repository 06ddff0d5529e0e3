"""An attempt knows its WeChat user, so that closing the account does not begin the count anew."""

from django.db import migrations, models

_FILL = """
UPDATE customers_identityattempt a SET openid_index = c.openid_index
FROM customers_customer c WHERE c.id = a.customer_id;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("customers", "0004_rights"),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='identityattempt',
            name='openid_index',
            field=models.BinaryField(max_length=33, null=True),
        ),
        migrations.AddIndex(
            model_name='identityattempt',
            index=models.Index(condition=models.Q(('openid_index__isnull', False)), fields=['storefront', 'openid_index', '-made_at'], name='attempt_openid'),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
