"""A person may limit what is done with their data, and what they were told is written down."""

import django.db.models.deletion
from django.db import migrations, models

from kernel.append_only import forgetting, no_change


class Migration(migrations.Migration):

    dependencies = [
        ("compliance", "0010_finding_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name='subject',
            name='limited_at',
            field=models.DateTimeField(blank=True, help_text='since when data is only stored', null=True),
        ),
        migrations.CreateModel(
            name='NoticeSeen',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('storefront_id', models.BigIntegerField()),
                ('kind', models.CharField(max_length=40)),
                ('version', models.CharField(max_length=20)),
                ('text_hash', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices_seen', to='compliance.subject')),
            ],
            options={
                'verbose_name_plural': 'notices seen',
                'constraints': [models.UniqueConstraint(fields=('subject', 'kind', 'text_hash'), name='notice_seen_once')],
            },
        ),
        no_change("compliance_noticeseen"),
        forgetting("compliance_noticeseen", column="at", years=3),
    ]
