"""An operator has a key, under which the secret of their telephone rests."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0009_operators_have_a_key'),
        ('otp_totp', '0003_add_timestamps'),
        ('storefronts', '0005_foureyes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Telephone',
            fields=[
            ],
            options={
                'verbose_name': 'authenticator',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('otp_totp.totpdevice',),
        ),
        migrations.AddField(
            model_name='operator',
            name='factor_key',
            field=models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.datakey'),
        ),
    ]
