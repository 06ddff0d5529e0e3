"""What the days of a storefront came to, and which are to be counted anew."""

import django.db.models.deletion
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('kernel', '0001_initial'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='Day',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('day', models.DateField()),
                    ('placed', models.IntegerField(default=0, help_text='orders placed')),
                    ('placed_fen', models.BigIntegerField(default=0)),
                    ('paid', models.IntegerField(default=0, help_text='orders paid')),
                    ('paid_fen', models.BigIntegerField(default=0)),
                    ('ended', models.IntegerField(default=0, help_text='orders that were cancelled or expired')),
                    ('refunded', models.IntegerField(default=0, help_text='refunds that went back, those of stray money apart')),
                    ('refunded_fen', models.BigIntegerField(default=0)),
                    ('quotes', models.IntegerField(default=0, help_text='quotes made')),
                    ('quotes_ordered', models.IntegerField(default=0, help_text='of them those on which somebody ordered')),
                    ('quotes_paid', models.IntegerField(default=0, help_text='of them those whose order was paid')),
                    ('released', models.IntegerField(default=0, help_text='lists that customs released')),
                    ('clearance', models.JSONField(default=dict, help_text='of them how many took so many times ten minutes since they were sent')),
                    ('returns_asked', models.IntegerField(default=0)),
                    ('returns_settled', models.IntegerField(default=0)),
                    ('counted_at', models.DateTimeField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'day'), name='day_once')],
                },
            ),
            migrations.CreateModel(
                name='ForexDay',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('day', models.DateField()),
                    ('currency', models.CharField(help_text='ISO 4217', max_length=3)),
                    ('promised_minor', models.BigIntegerField(default=0, help_text='promised to the brand by orders of the day')),
                    ('kept_minor', models.BigIntegerField(default=0, help_text='of all that was promised, settled on the day')),
                    ('settled_minor', models.BigIntegerField(default=0, help_text="what it came to at the institution's rates")),
                    ('credited_minor', models.BigIntegerField(default=0, help_text="credited by the brand's bank")),
                    ('charged_minor', models.BigIntegerField(default=0, help_text="kept by the brand's bank")),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'day', 'currency'), name='forex_day_once')],
                },
            ),
            migrations.CreateModel(
                name='StaleDay',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('day', models.DateField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'day'), name='stale_day_once')],
                },
            ),
        ),
    ]
