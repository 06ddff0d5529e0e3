"""Files, jobs, events and who handles them, receipts, approvals and cases."""

import django.db.models.deletion
import django.utils.timezone
import kernel.ids
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='Event',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront_id', models.BigIntegerField(null=True)),
                    ('name', models.CharField(max_length=60)),
                    ('key', models.CharField(max_length=80)),
                    ('seq', models.PositiveIntegerField()),
                    ('facts', models.JSONField(default=dict)),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['name', 'at'], name='event_name_at')],
                    'constraints': [models.UniqueConstraint(fields=('key', 'seq'), name='event_key_seq')],
                },
            ),
            migrations.CreateModel(
                name='Delivery',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='kernel.event')),
                    ('handler', models.CharField(max_length=80)),
                    ('key', models.CharField(max_length=80)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('next_try_at', models.DateTimeField()),
                    ('done_at', models.DateTimeField(null=True)),
                    ('error', models.TextField(blank=True, default='')),
                ],
                options={
                    'verbose_name_plural': 'deliveries',
                    'indexes': [models.Index(condition=models.Q(('done_at', None)), fields=['next_try_at', 'id'], name='delivery_due'), models.Index(condition=models.Q(('done_at', None)), fields=['handler', 'key', 'id'], name='delivery_turn')],
                    'constraints': [models.UniqueConstraint(fields=('event', 'handler'), name='delivery_once')],
                },
            ),
            migrations.CreateModel(
                name='Receipt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('source', models.CharField(max_length=120)),
                    ('key', models.CharField(max_length=120)),
                    ('fingerprint', models.BinaryField(max_length=32)),
                    ('status', models.PositiveSmallIntegerField()),
                    ('body', models.BinaryField()),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['at'], name='receipt_age')],
                    'constraints': [models.UniqueConstraint(fields=('source', 'key'), name='receipt_once')],
                },
            ),
            migrations.CreateModel(
                name='Case',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront_id', models.BigIntegerField(null=True)),
                    ('kind', models.CharField(max_length=60)),
                    ('key', models.CharField(max_length=80)),
                    ('title', models.CharField(max_length=200)),
                    ('facts', models.JSONField(default=dict)),
                    ('state', models.CharField(choices=[('open', 'Open'), ('settled', 'Settled')], default='open', max_length=10)),
                    ('seen', models.PositiveIntegerField(default=1)),
                    ('opened_at', models.DateTimeField()),
                    ('taken_by', models.CharField(blank=True, default='', help_text='who works on it now', max_length=80)),
                    ('taken_at', models.DateTimeField(blank=True, null=True)),
                    ('settled_at', models.DateTimeField(blank=True, null=True)),
                    ('settled_by', models.CharField(blank=True, default='', max_length=80)),
                    ('note', models.TextField(blank=True, default='')),
                ],
                options={
                    'indexes': [models.Index(fields=['storefront_id', 'state', 'opened_at'], name='case_queue')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('kind', 'key'), name='case_one_open'), models.CheckConstraint(condition=models.Q(('state', 'open'), ('settled_at__isnull', False), _connector='OR'), name='case_settled_has_day')],
                },
            ),
            migrations.CreateModel(
                name='Approval',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront_id', models.BigIntegerField(null=True)),
                    ('verb', models.CharField(max_length=60)),
                    ('key', models.CharField(max_length=80)),
                    ('facts', models.JSONField(default=dict)),
                    ('asked_by', models.CharField(max_length=80)),
                    ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('expires_at', models.DateTimeField(blank=True, help_text='no decision and no use after it', null=True)),
                    ('decided_by', models.CharField(blank=True, default='', max_length=80)),
                    ('decided_at', models.DateTimeField(blank=True, null=True)),
                    ('granted', models.BooleanField(blank=True, null=True)),
                    ('reason', models.TextField(blank=True, default='')),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('decided_by', ''), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), name='approval_four_eyes'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', ''), ('granted', None)), models.Q(('decided_at__isnull', False), ('granted__isnull', False), models.Q(('decided_by', ''), _negated=True)), _connector='OR'), name='approval_decided_whole'), models.UniqueConstraint(condition=models.Q(('granted', None)), fields=('verb', 'key'), name='approval_one_pending')],
                },
            ),
            migrations.CreateModel(
                name='Job',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront_id', models.BigIntegerField(null=True)),
                    ('kind', models.CharField(max_length=60)),
                    ('arguments', models.JSONField(default=dict)),
                    ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=10)),
                    ('done', models.PositiveIntegerField(default=0)),
                    ('total', models.PositiveIntegerField(default=0)),
                    ('result', models.JSONField(default=dict)),
                    ('error', models.TextField(blank=True, default='')),
                    ('asked_by', models.CharField(blank=True, default='', max_length=80)),
                    ('queued_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('started_at', models.DateTimeField(blank=True, null=True)),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                ],
            ),
            migrations.CreateModel(
                name='File',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront_id', models.BigIntegerField(null=True)),
                    ('name', models.CharField(max_length=200)),
                    ('media_type', models.CharField(max_length=100)),
                    ('size', models.PositiveBigIntegerField()),
                    ('sha256', models.CharField(max_length=64)),
                    ('path', models.CharField(max_length=300, unique=True)),
                    ('sealed', models.BooleanField(default=False)),
                    ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('expires_at', models.DateTimeField(blank=True, null=True)),
                ],
            ),
        ),
    ]
