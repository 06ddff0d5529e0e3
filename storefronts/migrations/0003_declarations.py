"""How a merchant declares payments to customs, and whether it names the payer."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('storefronts', '0002_pay_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='merchantaccount',
            name='customs_family',
            field=models.CharField(choices=[('v2', '国内接口 v2 · domestic, XML'), ('v3', '全球接口 v3 · global, API v3')], default='v2', help_text='how payments are declared', max_length=2),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='payer_identity',
            field=models.CharField(choices=[('off', 'Off'), ('on', 'On'), ('refused', 'Refused')], default='off', max_length=8),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='v2_key_sealed',
            field=models.BinaryField(blank=True, default=b'', help_text='key of API v2 (API 密钥), with which v2 declarations are signed'),
        ),
    ]
