"""What partners may hear, in its order, and how it reaches them."""

import django.contrib.postgres.fields
import django.db.models.deletion
import kernel.ids
from django.db import migrations, models

from kernel.tables import CreateModels
from kernel.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('partners', '0002_walls'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='Endpoint',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('url', models.CharField(max_length=500)),
                    ('types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), help_text='which notices it wants', size=None)),
                    ('state', models.CharField(choices=[('active', 'Active'), ('paused', 'Paused'), ('removed', 'Removed')], default='active', max_length=10)),
                    ('secret_sealed', models.BinaryField(help_text="sealed under the storefront's key")),
                    ('former_sealed', models.BinaryField(blank=True, default=b'', help_text='the secret before it')),
                    ('former_until', models.DateTimeField(blank=True, help_text='until when both sign', null=True)),
                    ('slow', models.BooleanField(default=False)),
                    ('failing_since', models.DateTimeField(blank=True, null=True)),
                    ('failures', models.PositiveIntegerField(default=0, help_text='one after another')),
                    ('paused_at', models.DateTimeField(blank=True, null=True)),
                    ('paused_why', models.CharField(blank=True, default='', max_length=60)),
                    ('made_at', models.DateTimeField()),
                    ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='endpoints', to='partners.partner')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ],
                options={
                    'indexes': [models.Index(fields=['storefront', 'state'], name='endpoint_of')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'paused'), _negated=True), ('paused_at__isnull', False), _connector='OR'), name='endpoint_paused_has_day')],
                },
            ),
            migrations.CreateModel(
                name='Feed',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('position', models.BigIntegerField(default=0)),
                    ('storefront', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='storefronts.storefront')),
                ],
            ),
            migrations.CreateModel(
                name='Latest',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(max_length=20)),
                    ('number', models.CharField(max_length=60)),
                    ('position', models.BigIntegerField()),
                    ('at', models.DateTimeField()),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='storefronts.storefront')),
                ],
                options={
                    'indexes': [models.Index(fields=['storefront', 'kind', 'position'], name='latest_changed'), models.Index(fields=['storefront', 'kind', 'at'], name='latest_since')],
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'kind', 'number'), name='latest_once'), models.UniqueConstraint(fields=('storefront', 'position'), name='latest_place')],
                    'verbose_name_plural': 'latest changes',
                },
            ),
            migrations.CreateModel(
                name='Message',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('type', models.CharField(max_length=40)),
                    ('subject', models.CharField(max_length=80)),
                    ('position', models.BigIntegerField(blank=True, help_text='of the notice; none: a test', null=True)),
                    ('at', models.DateTimeField(help_text='when it happened')),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('given_up', 'Given Up')], default='waiting', max_length=10)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('next_try_at', models.DateTimeField()),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                    ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='partners.endpoint')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['endpoint', 'next_try_at'], name='message_due'), models.Index(condition=models.Q(('state', 'waiting')), fields=['endpoint', 'subject', 'id'], name='message_turn'), models.Index(fields=['endpoint', '-id'], name='message_log'), models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='message_day')],
                    'constraints': [models.UniqueConstraint(fields=('endpoint', 'position'), name='message_once'), models.CheckConstraint(condition=models.Q(('state', 'waiting'), ('ended_at__isnull', False), _connector='OR'), name='message_ended_has_day')],
                },
            ),
            migrations.CreateModel(
                name='Attempt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('at', models.DateTimeField()),
                    ('status', models.PositiveSmallIntegerField(blank=True, help_text='HTTP; none: no answer', null=True)),
                    ('millis', models.PositiveIntegerField(help_text='how long it took')),
                    ('error', models.CharField(blank=True, default='', max_length=200)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='log', to='partners.message')),
                ],
                options={
                    'indexes': [models.Index(fields=['message', '-id'], name='attempt_of')],
                },
            ),
            migrations.CreateModel(
                name='Notice',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('position', models.BigIntegerField()),
                    ('type', models.CharField(max_length=40)),
                    ('subject', models.CharField(help_text='what it happened to: order:number, return:number', max_length=80)),
                    ('at', models.DateTimeField()),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='storefronts.storefront')),
                ],
                options={
                    'indexes': [models.Index(fields=['at'], name='notice_day')],
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'position'), name='notice_place')],
                },
            ),
        ),
        wall("partners_feed", "partners_notice", "partners_latest", "partners_endpoint", "partners_message", "partners_attempt"),
    ]
