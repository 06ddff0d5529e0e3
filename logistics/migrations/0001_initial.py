"""Shipments, parcels, what is told of them, and the accounts at carriers."""

import django.db.models.deletion
import kernel.clock
import kernel.ids
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('inventory', '0001_initial'),
        ('kernel', '0001_initial'),
        ('orders', '0001_initial'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='CarrierAccount',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='carrier_accounts', to='storefronts.storefront')),
                    ('provider', models.CharField(choices=[('sf', '顺丰开放平台 · SF Express'), ('kuaidi100', '快递100 · kuaidi100')], max_length=12)),
                    ('customer_code', models.CharField(help_text='顾客编码 partnerID, or customer at kuaidi100', max_length=64)),
                    ('secret_sealed', models.BinaryField()),
                    ('salt_sealed', models.BinaryField(blank=True, default=b'')),
                    ('monthly_card', models.CharField(blank=True, default='', help_text='月结卡号, who pays SF', max_length=20)),
                    ('sender', models.CharField(blank=True, default='', help_text='company on the label', max_length=100)),
                    ('hotline', models.CharField(blank=True, default='', help_text="the sender's telephone", max_length=20)),
                    ('origin', models.CharField(blank=True, default='', help_text='division parcels leave from', max_length=6)),
                    ('origin_place', models.CharField(blank=True, default='', help_text='of the warehouse', max_length=120)),
                    ('active', models.BooleanField(default=True)),
                    ('set_at', models.DateTimeField(default=kernel.clock.now)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('active', True)), fields=('storefront', 'provider'), name='carrier_account_one_active')],
                },
            ),
            migrations.CreateModel(
                name='Shipment',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='shipment', to='orders.order')),
                    ('warehouse', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.warehouse')),
                    ('number', models.CharField(help_text='of the order, which is the key of its history', max_length=32)),
                    ('state', models.CharField(choices=[('to_pick', 'to_pick'), ('packing', 'packing'), ('labelled', 'labelled'), ('leaving', 'leaving'), ('dispatched', 'dispatched'), ('lost', 'lost'), ('handed_over', 'handed_over'), ('customs_hold', 'customs_hold'), ('damaged', 'damaged'), ('in_transit', 'in_transit'), ('delivered', 'delivered'), ('returned', 'returned'), ('cancelled', 'cancelled')], default='to_pick', max_length=12)),
                    ('opened_at', models.DateTimeField()),
                    ('ship_by', models.DateField(blank=True, help_text='by when it leaves, as promised when it was paid', null=True)),
                    ('late_at', models.DateTimeField(blank=True, help_text='when that day is over; empty once it has left or was told of', null=True)),
                    ('dispatched_at', models.DateTimeField(blank=True, help_text='left the warehouse', null=True)),
                    ('handed_over_at', models.DateTimeField(blank=True, help_text='first scanned by a carrier', null=True)),
                    ('delivered_at', models.DateTimeField(blank=True, null=True)),
                    ('receipt_due_at', models.DateTimeField(blank=True, help_text='receipt counts as confirmed then', null=True)),
                    ('receipt_at', models.DateTimeField(blank=True, help_text='receipt confirmed', null=True)),
                    ('receipt_by', models.CharField(blank=True, choices=[('consumer', 'the consumer confirmed it here'), ('days', 'the days for it were over'), ('wechat', 'confirmed at WeChat')], default='', max_length=10)),
                ],
                options={
                    'indexes': [models.Index(fields=['storefront', 'state', '-id'], name='shipment_queue'), models.Index(condition=models.Q(('receipt_at', None), ('receipt_due_at__isnull', False)), fields=['receipt_due_at'], name='shipment_receipt_due'), models.Index(condition=models.Q(('late_at__isnull', False)), fields=['late_at'], name='shipment_late')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['to_pick', 'packing', 'labelled', 'leaving', 'cancelled']), ('handed_over_at__isnull', False), models.Q(('dispatched_at__isnull', False), ('state__in', ['dispatched', 'lost', 'returned'])), _connector='OR'), name='shipment_left_has_day'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'delivered'), _negated=True), ('delivered_at__isnull', False), _connector='OR'), name='shipment_delivered_has_day'), models.CheckConstraint(condition=models.Q(models.Q(('receipt_at', None), ('receipt_by', '')), models.Q(('handed_over_at__isnull', False), ('receipt_at__isnull', False), models.Q(('receipt_by', ''), _negated=True)), _connector='OR'), name='shipment_received_left')],
                },
            ),
            migrations.CreateModel(
                name='Parcel',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parcels', to='logistics.shipment')),
                    ('carrier_account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.carrieraccount')),
                    ('own_number', models.CharField(help_text='our number at the carrier', max_length=40, unique=True)),
                    ('single', models.BooleanField(default=True, help_text='the one parcel of an import list')),
                    ('carrier', models.CharField(choices=[('SF', '顺丰速运 · SF Express'), ('JD', '京东物流 · JD Logistics'), ('EMS', '中国邮政速递 · EMS'), ('YTO', '圆通速递 · YTO Express'), ('ZTO', '中通快递 · ZTO Express'), ('STO', '申通快递 · STO Express'), ('YD', '韵达速递 · Yunda Express')], max_length=10)),
                    ('waybill', models.CharField(blank=True, default='', max_length=40)),
                    ('routing', models.CharField(blank=True, default='', help_text='目的地代码 on the label', max_length=40)),
                    ('weight_g', models.PositiveIntegerField(help_text='as the carrier is told: weighed, or what it should be')),
                    ('expected_g', models.PositiveIntegerField(default=0, help_text='what its goods and its packing weigh')),
                    ('weighed_g', models.PositiveIntegerField(blank=True, help_text='none: not weighed yet', null=True)),
                    ('state', models.CharField(choices=[('asked', 'asked'), ('issued', 'issued'), ('refused', 'refused'), ('withdrawing', 'withdrawing'), ('cancelled', 'cancelled')], default='asked', max_length=12)),
                    ('trouble', models.CharField(blank=True, default='', help_text='why the carrier refused', max_length=160)),
                    ('asked_at', models.DateTimeField()),
                    ('sent_at', models.DateTimeField(blank=True, help_text='since when the carrier may have it; none: it has not', null=True)),
                    ('hotline', models.CharField(blank=True, default='', help_text="the sender's telephone that the carrier was told", max_length=20)),
                    ('issued_at', models.DateTimeField(blank=True, null=True)),
                    ('label', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='kernel.file')),
                    ('subscribed_at', models.DateTimeField(blank=True, help_text='the tracker watches it', null=True)),
                    ('left_at', models.DateTimeField(blank=True, help_text='its pieces left house and ledger', null=True)),
                    ('found', models.CharField(blank=True, choices=[('announced', '已下单 · announced'), ('picked_up', '已揽收 · picked up'), ('in_transit', '运输中 · in transit'), ('customs', '清关中 · with customs'), ('customs_hold', '清关异常 · held by customs'), ('cleared', '已清关 · cleared'), ('arrived', '到达派件城市 · in the city'), ('out_for_delivery', '派送中 · out for delivery'), ('at_point', '待取件 · waits to be fetched'), ('trouble', '派送异常 · trouble'), ('refused', '拒收 · refused'), ('damaged', '破损 · damaged'), ('lost', '遗失 · lost'), ('returning', '退回中 · on its way back'), ('returned', '已退回 · returned'), ('delivered', '已签收 · delivered'), ('void', '已销单 · void')], default='', help_text='found out by an operator', max_length=20)),
                    ('found_at', models.DateTimeField(blank=True, null=True)),
                    ('latest', models.CharField(blank=True, choices=[('announced', '已下单 · announced'), ('picked_up', '已揽收 · picked up'), ('in_transit', '运输中 · in transit'), ('customs', '清关中 · with customs'), ('customs_hold', '清关异常 · held by customs'), ('cleared', '已清关 · cleared'), ('arrived', '到达派件城市 · in the city'), ('out_for_delivery', '派送中 · out for delivery'), ('at_point', '待取件 · waits to be fetched'), ('trouble', '派送异常 · trouble'), ('refused', '拒收 · refused'), ('damaged', '破损 · damaged'), ('lost', '遗失 · lost'), ('returning', '退回中 · on its way back'), ('returned', '已退回 · returned'), ('delivered', '已签收 · delivered'), ('void', '已销单 · void')], default='', max_length=20)),
                    ('latest_at', models.DateTimeField(blank=True, help_text='when that happened', null=True)),
                    ('scanned_at', models.DateTimeField(blank=True, help_text='first scanned by the carrier', null=True)),
                    ('expected_on', models.DateField(blank=True, help_text='named by the carrier', null=True)),
                    ('next_try_at', models.DateTimeField(blank=True, null=True)),
                    ('tries', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('next_try_at__isnull', False)), fields=['next_try_at'], name='parcel_to_try')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(models.Q(('waybill', ''), _negated=True), models.Q(('state', 'cancelled'), _negated=True)), fields=('carrier', 'waybill'), name='parcel_waybill_once'), models.UniqueConstraint(condition=models.Q(('single', True), models.Q(('state', 'cancelled'), _negated=True)), fields=('shipment',), name='parcel_one_an_import_list'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'issued'), _negated=True), models.Q(('issued_at__isnull', False), models.Q(('waybill', ''), _negated=True)), _connector='OR'), name='parcel_issued_whole'), models.CheckConstraint(condition=models.Q(('weight_g__gt', 0)), name='parcel_weighs')],
                },
            ),
            migrations.CreateModel(
                name='ParcelLine',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='logistics.parcel')),
                    ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                    ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.lot')),
                    ('quantity', models.PositiveIntegerField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('parcel', 'line', 'lot'), name='parcel_line_once'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='parcel_line_positive')],
                },
            ),
            migrations.CreateModel(
                name='TrackingEvent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='logistics.parcel')),
                    ('provider', models.CharField(choices=[('sf', '顺丰开放平台 · SF Express'), ('kuaidi100', '快递100 · kuaidi100')], max_length=12)),
                    ('at', models.DateTimeField()),
                    ('code', models.CharField(choices=[('announced', '已下单 · announced'), ('picked_up', '已揽收 · picked up'), ('in_transit', '运输中 · in transit'), ('customs', '清关中 · with customs'), ('customs_hold', '清关异常 · held by customs'), ('cleared', '已清关 · cleared'), ('arrived', '到达派件城市 · in the city'), ('out_for_delivery', '派送中 · out for delivery'), ('at_point', '待取件 · waits to be fetched'), ('trouble', '派送异常 · trouble'), ('refused', '拒收 · refused'), ('damaged', '破损 · damaged'), ('lost', '遗失 · lost'), ('returning', '退回中 · on its way back'), ('returned', '已退回 · returned'), ('delivered', '已签收 · delivered'), ('void', '已销单 · void')], max_length=20)),
                    ('raw_code', models.CharField(blank=True, default='', max_length=12)),
                    ('text', models.CharField(blank=True, default='', max_length=400)),
                    ('digest', models.CharField(help_text='SHA-256 of what was told', max_length=64)),
                    ('taken_at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['at', 'id'],
                    'indexes': [models.Index(fields=['parcel', 'at'], name='tracking_of_parcel'), models.Index(fields=['at'], name='tracking_age')],
                    'constraints': [models.UniqueConstraint(fields=('parcel', 'digest'), name='tracking_event_once')],
                },
            ),
            migrations.CreateModel(
                name='ShippingInfo',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='shipping_info', to='orders.order')),
                    ('number', models.CharField(help_text='of the order, which is the key of its history', max_length=32)),
                    ('transaction_id', models.CharField(help_text="WeChat's number of the payment", max_length=32)),
                    ('state', models.CharField(choices=[('waiting', 'waiting'), ('exempt', 'exempt'), ('owed', 'owed'), ('amending', 'amending'), ('told', 'told'), ('retold', 'retold'), ('refused', 'refused'), ('outdated', 'outdated'), ('received', 'received'), ('settled', 'settled'), ('ended', 'ended')], default='waiting', max_length=12)),
                    ('paid_at', models.DateTimeField()),
                    ('late_at', models.DateTimeField(blank=True, help_text='when an operator is told of it', null=True)),
                    ('wanted', models.JSONField(blank=True, default=list, help_text='waybills that WeChat is to know')),
                    ('sent', models.JSONField(blank=True, default=list, help_text='waybills that WeChat may have')),
                    ('known', models.JSONField(blank=True, default=list, help_text='waybills that WeChat has')),
                    ('partial', models.BooleanField(default=False, help_text='more parcels are to leave')),
                    ('known_partial', models.BooleanField(default=False, help_text='WeChat was told that more are to come')),
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
                    ('storefront', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='trade_management', to='storefronts.storefront')),
                    ('managed', models.BooleanField(blank=True, help_text="orders are under WeChat's management", null=True)),
                    ('confirmed', models.BooleanField(blank=True, help_text="confirmed in WeChat's console", null=True)),
                    ('answered_at', models.DateTimeField(blank=True, help_text='when WeChat said so', null=True)),
                    ('path', models.CharField(blank=True, default='', help_text="where WeChat's messages lead", max_length=128)),
                    ('check_at', models.DateTimeField(default=kernel.clock.now, help_text="next comparison with WeChat's list")),
                    ('checked_at', models.DateTimeField(blank=True, help_text='last comparison that was finished', null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['check_at'], name='trade_management_check')],
                },
            ),
        ),
    ]
