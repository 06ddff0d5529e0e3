"""An identity knows the index of its pair, so that a provider's answer is kept while someone rests on it."""

from django.db import migrations, models

_FILL = """
UPDATE customers_identity i SET pair_index = (
    SELECT a.pair_index FROM customers_identityattempt a
    WHERE a.customer_id = i.customer_id AND a.number_index = i.number_index AND a.state <> 'refused'
    ORDER BY a.id DESC LIMIT 1
);
"""


class Migration(migrations.Migration):

    dependencies = [
        ("customers", "0005_attempt_openid"),
    ]

    operations = [
        migrations.AddField(
            model_name='identity',
            name='pair_index',
            field=models.BinaryField(max_length=33, null=True),
        ),
        migrations.AddIndex(
            model_name='identity',
            index=models.Index(fields=['pair_index'], name='identity_pair'),
        ),
        migrations.AddIndex(
            model_name='identityattempt',
            index=models.Index(fields=['pair_index'], name='attempt_pair'),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
