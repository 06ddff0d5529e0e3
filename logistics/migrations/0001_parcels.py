"""Shipments, parcels, what is told of them, and the accounts at carriers; what is told stays as it was."""

import django.db.models.deletion
import kernel.clock
import kernel.ids
from django.db import migrations, models

from kernel.append_only import forgetting, no_change, no_delete


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('inventory', '0002_bonded_a'),
        ('kernel', '0004_decided_once'),
        ('orders', '0010_only_of_those_erased'),
        ('storefronts', '0004_pushed_messages'),
    ]

    operations = [
        migrations.CreateModel(
            name='CarrierAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
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
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='carrier_accounts', to='storefronts.storefront')),
            ],
        ),
        migrations.CreateModel(
            name='Parcel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('own_number', models.CharField(help_text='our number at the carrier', max_length=40, unique=True)),
                ('single', models.BooleanField(default=True, help_text='the one parcel of an import list')),
                ('carrier', models.CharField(choices=[('SF', '顺丰速运 · SF Express'), ('JD', '京东物流 · JD Logistics'), ('EMS', '中国邮政速递 · EMS'), ('YTO', '圆通速递 · YTO Express'), ('ZTO', '中通快递 · ZTO Express'), ('STO', '申通快递 · STO Express'), ('YD', '韵达速递 · Yunda Express')], max_length=10)),
                ('waybill', models.CharField(blank=True, default='', max_length=40)),
                ('routing', models.CharField(blank=True, default='', help_text='目的地代码 on the label', max_length=40)),
                ('weight_g', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('asked', 'asked'), ('issued', 'issued'), ('refused', 'refused'), ('withdrawing', 'withdrawing'), ('cancelled', 'cancelled')], default='asked', max_length=12)),
                ('trouble', models.CharField(blank=True, default='', help_text='why the carrier refused', max_length=160)),
                ('asked_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, help_text='first told to the carrier, or tried to', null=True)),
                ('issued_at', models.DateTimeField(blank=True, null=True)),
                ('subscribed_at', models.DateTimeField(blank=True, help_text='the tracker watches it', null=True)),
                ('latest', models.CharField(blank=True, choices=[('announced', '已下单 · announced'), ('picked_up', '已揽收 · picked up'), ('in_transit', '运输中 · in transit'), ('customs', '清关中 · with customs'), ('customs_hold', '清关异常 · held by customs'), ('cleared', '已清关 · cleared'), ('arrived', '到达派件城市 · in the city'), ('out_for_delivery', '派送中 · out for delivery'), ('at_point', '待取件 · waits to be fetched'), ('trouble', '派送异常 · trouble'), ('refused', '拒收 · refused'), ('damaged', '破损 · damaged'), ('lost', '遗失 · lost'), ('returning', '退回中 · on its way back'), ('returned', '已退回 · returned'), ('delivered', '已签收 · delivered'), ('void', '已销单 · void')], default='', max_length=20)),
                ('latest_at', models.DateTimeField(blank=True, help_text='when that happened', null=True)),
                ('scanned_at', models.DateTimeField(blank=True, help_text='first scanned by the carrier', null=True)),
                ('expected_on', models.DateField(blank=True, help_text='estimated arrival', null=True)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('carrier_account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.carrieraccount')),
                ('label', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='kernel.file')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.CreateModel(
            name='ParcelLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField()),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='logistics.parcel')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.CreateModel(
            name='Shipment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(help_text='of the order, which is the key of its history', max_length=32)),
                ('state', models.CharField(choices=[('to_pick', 'to_pick'), ('packing', 'packing'), ('labelled', 'labelled'), ('handed_over', 'handed_over'), ('customs_hold', 'customs_hold'), ('lost', 'lost'), ('damaged', 'damaged'), ('in_transit', 'in_transit'), ('delivered', 'delivered'), ('returned', 'returned'), ('cancelled', 'cancelled')], default='to_pick', max_length=12)),
                ('opened_at', models.DateTimeField()),
                ('handed_over_at', models.DateTimeField(blank=True, help_text='first scanned by a carrier', null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='shipment', to='orders.order')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('warehouse', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.warehouse')),
            ],
        ),
        migrations.AddField(
            model_name='parcel',
            name='shipment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parcels', to='logistics.shipment'),
        ),
        migrations.CreateModel(
            name='TrackingEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(choices=[('sf', '顺丰开放平台 · SF Express'), ('kuaidi100', '快递100 · kuaidi100')], max_length=12)),
                ('at', models.DateTimeField()),
                ('code', models.CharField(choices=[('announced', '已下单 · announced'), ('picked_up', '已揽收 · picked up'), ('in_transit', '运输中 · in transit'), ('customs', '清关中 · with customs'), ('customs_hold', '清关异常 · held by customs'), ('cleared', '已清关 · cleared'), ('arrived', '到达派件城市 · in the city'), ('out_for_delivery', '派送中 · out for delivery'), ('at_point', '待取件 · waits to be fetched'), ('trouble', '派送异常 · trouble'), ('refused', '拒收 · refused'), ('damaged', '破损 · damaged'), ('lost', '遗失 · lost'), ('returning', '退回中 · on its way back'), ('returned', '已退回 · returned'), ('delivered', '已签收 · delivered'), ('void', '已销单 · void')], max_length=20)),
                ('raw_code', models.CharField(blank=True, default='', max_length=12)),
                ('text', models.CharField(blank=True, default='', max_length=400)),
                ('digest', models.CharField(help_text='SHA-256 of what was told', max_length=64)),
                ('taken_at', models.DateTimeField()),
                ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='logistics.parcel')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.AddConstraint(
            model_name='carrieraccount',
            constraint=models.UniqueConstraint(condition=models.Q(('active', True)), fields=('storefront', 'provider'), name='carrier_account_one_active'),
        ),
        migrations.AddConstraint(
            model_name='parcelline',
            constraint=models.UniqueConstraint(fields=('parcel', 'line'), name='parcel_line_once'),
        ),
        migrations.AddConstraint(
            model_name='parcelline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='parcel_line_positive'),
        ),
        migrations.AddIndex(
            model_name='shipment',
            index=models.Index(fields=['storefront', 'state', '-id'], name='shipment_queue'),
        ),
        migrations.AddConstraint(
            model_name='shipment',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['to_pick', 'packing', 'labelled', 'cancelled']), ('handed_over_at__isnull', False), _connector='OR'), name='shipment_left_has_day'),
        ),
        migrations.AddConstraint(
            model_name='shipment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'delivered'), _negated=True), ('delivered_at__isnull', False), _connector='OR'), name='shipment_delivered_has_day'),
        ),
        migrations.AddIndex(
            model_name='parcel',
            index=models.Index(condition=models.Q(('next_try_at__isnull', False)), fields=['next_try_at'], name='parcel_to_try'),
        ),
        migrations.AddConstraint(
            model_name='parcel',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('waybill', ''), _negated=True), models.Q(('state', 'cancelled'), _negated=True)), fields=('carrier', 'waybill'), name='parcel_waybill_once'),
        ),
        migrations.AddConstraint(
            model_name='parcel',
            constraint=models.UniqueConstraint(condition=models.Q(('single', True), models.Q(('state', 'cancelled'), _negated=True)), fields=('shipment',), name='parcel_one_an_import_list'),
        ),
        migrations.AddConstraint(
            model_name='parcel',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'issued'), _negated=True), models.Q(('issued_at__isnull', False), models.Q(('waybill', ''), _negated=True)), _connector='OR'), name='parcel_issued_whole'),
        ),
        migrations.AddConstraint(
            model_name='parcel',
            constraint=models.CheckConstraint(condition=models.Q(('weight_g__gt', 0)), name='parcel_weighs'),
        ),
        migrations.AddIndex(
            model_name='trackingevent',
            index=models.Index(fields=['parcel', 'at'], name='tracking_of_parcel'),
        ),
        migrations.AddIndex(
            model_name='trackingevent',
            index=models.Index(fields=['at'], name='tracking_age'),
        ),
        migrations.AddConstraint(
            model_name='trackingevent',
            constraint=models.UniqueConstraint(fields=('parcel', 'digest'), name='tracking_event_once'),
        ),
        no_change('logistics_trackingevent'),
        forgetting('logistics_trackingevent', column='at', years=5),
        no_delete('logistics_shipment'),
        no_delete('logistics_parcel'),
        no_delete('logistics_parcelline'),
    ]
