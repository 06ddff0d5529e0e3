"""Orders that a partner has in its own books, and from which country it calls."""

import django.db.models.deletion
from django.db import migrations, models

from kernel.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('partners', '0003_feed_and_webhooks'),
        ('storefronts', '0007_first_passwords'),
    ]

    operations = [
        migrations.AddField(
            model_name='partner',
            name='country',
            field=models.CharField(default='CN', help_text='ISO 3166-1; personal data goes to partners in China alone', max_length=2),
        ),
        migrations.CreateModel(
            name='Acknowledgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(help_text='of the order', max_length=60)),
                ('reference', models.CharField(blank=True, default='', help_text="the partner's own number", max_length=60)),
                ('at', models.DateTimeField()),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='storefronts.storefront')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('partner', 'storefront', 'number'), name='acknowledged_once')],
            },
        ),
        wall("partners_acknowledgement"),
    ]
