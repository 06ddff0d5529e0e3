"""What WeChat is told of an order's shipping, and whether it manages a mini-program's trades."""

import django.db.models.deletion
import kernel.clock
from django.db import migrations, models

from kernel.append_only import no_delete


class Migration(migrations.Migration):

    dependencies = [
        ('logistics', '0002_what_was_told_stays'),
        ('orders', '0001_initial'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ShippingInfo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(help_text='of the order, which is the key of its history', max_length=32)),
                ('transaction_id', models.CharField(help_text="WeChat's number of the payment", max_length=32)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('exempt', 'exempt'), ('owed', 'owed'), ('amending', 'amending'), ('told', 'told'), ('retold', 'retold'), ('refused', 'refused'), ('outdated', 'outdated'), ('received', 'received'), ('settled', 'settled'), ('ended', 'ended')], default='waiting', max_length=12)),
                ('paid_at', models.DateTimeField()),
                ('late_at', models.DateTimeField(blank=True, help_text='when an operator is told of it', null=True)),
                ('wanted', models.JSONField(blank=True, default=list, help_text='waybills that WeChat is to know')),
                ('sent', models.JSONField(blank=True, default=list, help_text='waybills that WeChat may have')),
                ('known', models.JSONField(blank=True, default=list, help_text='waybills that WeChat has')),
                ('shipped_at', models.DateTimeField(blank=True, help_text='first scanned by a carrier', null=True)),
                ('attempted_at', models.DateTimeField(blank=True, help_text='first told to WeChat, or tried to', null=True)),
                ('said_at', models.DateTimeField(blank=True, help_text='upload_time, which increases', null=True)),
                ('known_at', models.DateTimeField(blank=True, null=True)),
                ('retold_at', models.DateTimeField(blank=True, help_text='the one change was made', null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('remind_at', models.DateTimeField(blank=True, help_text='the consumer is to be reminded', null=True)),
                ('reminded_at', models.DateTimeField(blank=True, null=True)),
                ('receipt_at', models.DateTimeField(blank=True, help_text='receipt confirmed at WeChat', null=True)),
                ('settles_at', models.DateTimeField(blank=True, help_text='when WeChat expects to settle', null=True)),
                ('money_at', models.DateTimeField(blank=True, help_text='settled by WeChat', null=True)),
                ('trouble', models.CharField(blank=True, default='', help_text='why WeChat refused', max_length=160)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='shipping_info', to='orders.order')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('next_try_at__isnull', False)), fields=['next_try_at'], name='shipping_info_to_try'), models.Index(condition=models.Q(('late_at__isnull', False)), fields=['late_at'], name='shipping_info_late'), models.Index(fields=['storefront', 'transaction_id'], name='shipping_info_payment'), models.Index(fields=['storefront', 'paid_at'], name='shipping_info_paid'), models.Index(fields=['storefront', 'state', '-id'], name='shipping_info_queue')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'told'), _negated=True), ('known_at__isnull', False), _connector='OR'), name='shipping_info_told_has_day'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'retold'), _negated=True), ('retold_at__isnull', False), _connector='OR'), name='shipping_info_retold_has_day')],
            },
        ),
        migrations.CreateModel(
            name='TradeManagement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('managed', models.BooleanField(blank=True, help_text="orders are under WeChat's management", null=True)),
                ('confirmed', models.BooleanField(blank=True, help_text="confirmed in WeChat's console", null=True)),
                ('answered_at', models.DateTimeField(blank=True, help_text='when WeChat said so', null=True)),
                ('path', models.CharField(blank=True, default='', help_text="where WeChat's messages lead", max_length=128)),
                ('check_at', models.DateTimeField(default=kernel.clock.now, help_text="next comparison with WeChat's list")),
                ('checked_at', models.DateTimeField(blank=True, help_text='last comparison that was finished', null=True)),
                ('storefront', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='trade_management', to='storefronts.storefront')),
            ],
            options={
                'indexes': [models.Index(fields=['check_at'], name='trade_management_check')],
            },
        ),
        no_delete('logistics_shippinginfo'),
    ]
