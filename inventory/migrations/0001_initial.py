"""Warehouses and their terms; stock, lots and every movement of them; counts and transfers."""

import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0001_initial'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='FreightTemplate',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('code', models.SlugField(max_length=60)),
                    ('by', models.CharField(choices=[('piece', 'Piece'), ('weight', 'Weight')], max_length=10)),
                    ('free_above_fen', models.BigIntegerField(blank=True, help_text='goods of this amount or more are carried free', null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'code'), name='freight_template_code')],
                },
            ),
            migrations.CreateModel(
                name='FreightZone',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('template', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='zones', to='inventory.freighttemplate')),
                    ('provinces', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), blank=True, default=list, help_text='province codes of two digits (GB/T 2260); empty for everywhere else', size=None)),
                    ('refused', models.BooleanField(default=False, help_text='nothing is carried there')),
                    ('first', models.PositiveIntegerField(default=1, help_text='pieces or grams that the first price covers')),
                    ('first_fen', models.BigIntegerField(default=0)),
                    ('step', models.PositiveIntegerField(default=1, help_text='pieces or grams of each further price')),
                    ('step_fen', models.BigIntegerField(default=0)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('first__gte', 1), ('first_fen__gte', 0), ('step__gte', 1), ('step_fen__gte', 0)), name='freight_zone_prices'), models.UniqueConstraint(condition=models.Q(('provinces', [])), fields=('template',), name='freight_zone_elsewhere')],
                },
            ),
            migrations.CreateModel(
                name='Warehouse',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='warehouses', to='storefronts.storefront')),
                    ('code', models.SlugField(max_length=40)),
                    ('name', models.CharField(max_length=100)),
                    ('name_zh', models.CharField(max_length=100)),
                    ('trade_mode', models.CharField(choices=[('1210', '1210 网购保税进口 · bonded'), ('9610', '9610 直购进口 · direct mail'), ('1239', '1239 网购保税进口A · bonded, by approval'), ('0110', '0110 一般贸易 · general trade, domestic: kept and not yet sold')], max_length=4)),
                    ('customs_district', models.CharField(help_text='关区代码, customs district code', max_length=4)),
                    ('position', models.PositiveIntegerField(default=0, help_text='the lowest that can ship everything is chosen')),
                    ('area_code', models.CharField(blank=True, default='', help_text='areaCode, 海关特殊监管区域代码, if bonded', max_length=10)),
                    ('ems_no', models.CharField(blank=True, default='', help_text='emsNo, 账册编号, the account book, if bonded', max_length=20)),
                    ('freight', models.ForeignKey(blank=True, help_text='without one carrying is free', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='warehouses', to='inventory.freighttemplate')),
                    ('time_zone', models.CharField(default='Asia/Shanghai', max_length=40)),
                    ('weekdays', models.CharField(default='12345', help_text='days of work, 1 Monday to 7 Sunday', max_length=7, validators=[django.core.validators.RegexValidator('^[1-7]+$')])),
                    ('cut_off', models.TimeField(default=datetime.time(15, 0), help_text='what is paid later counts from the next day')),
                    ('handling_days', models.PositiveSmallIntegerField(default=1, help_text='working days until the parcel is handed over')),
                    ('parcel_limit_g', models.PositiveIntegerField(default=30000, help_text='one parcel per import list: what is heavier is refused at the quote')),
                    ('packing_g', models.PositiveIntegerField(default=200, help_text='what carton and filling of a parcel weigh')),
                    ('tolerance_g', models.PositiveIntegerField(default=50, help_text='by how much a parcel may differ from what its goods weigh, at least')),
                    ('tolerance_percent', models.PositiveSmallIntegerField(default=3, help_text='of that weight, where this is more')),
                    ('sender', models.CharField(blank=True, default='', help_text="company on the label; empty: the carrier account's", max_length=100)),
                    ('hotline', models.CharField(blank=True, default='', help_text="the sender's telephone, no person's; empty: the carrier account's", max_length=20, validators=[django.core.validators.RegexValidator('^[0-9-]{5,20}$')])),
                    ('origin', models.CharField(blank=True, default='', help_text='division parcels leave from, with their street', max_length=6)),
                    ('origin_place', models.CharField(blank=True, default='', help_text="street and house; empty: the carrier account's", max_length=120)),
                    ('active', models.BooleanField(default=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'code'), name='warehouse_code'), models.CheckConstraint(condition=models.Q(models.Q(('origin', ''), ('origin_place', '')), models.Q(models.Q(('origin', ''), _negated=True), models.Q(('origin_place', ''), _negated=True)), _connector='OR'), name='warehouse_origin_whole', violation_error_message='发货地区与发货地址须同时填写。 Division and street go together.'), models.CheckConstraint(condition=models.Q(models.Q(('trade_mode__in', ['1210', '1239']), _negated=True), ('active', False), models.Q(models.Q(('area_code', ''), _negated=True), models.Q(('ems_no', ''), _negated=True), models.Q(('customs_district', ''), _negated=True)), _connector='OR'), name='warehouse_of_a_book')],
                },
            ),
            migrations.CreateModel(
                name='WarehouseDay',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('warehouse', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='days', to='inventory.warehouse')),
                    ('day', models.DateField()),
                    ('works', models.BooleanField(default=False)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('warehouse', 'day'), name='warehouse_day_once')],
                },
            ),
            migrations.CreateModel(
                name='BookItem',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('warehouse', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='book', to='inventory.warehouse')),
                    ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant')),
                    ('item_no', models.CharField(help_text='账册项号, item in the account book', max_length=19)),
                    ('record_no', models.CharField(help_text="商品备案料号, the filing's own number", max_length=30)),
                    ('filed_on', models.DateField(blank=True, null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('warehouse', 'variant'), name='book_item_of_sku'), models.UniqueConstraint(fields=('warehouse', 'item_no'), name='book_item_no')],
                },
            ),
            migrations.CreateModel(
                name='Stock',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('warehouse', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stock', to='inventory.warehouse')),
                    ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stock', to='catalog.variant')),
                    ('on_hand', models.PositiveIntegerField(default=0)),
                    ('reserved', models.PositiveIntegerField(default=0)),
                    ('quarantined', models.PositiveIntegerField(default=0)),
                    ('stopped', models.BooleanField(default=False)),
                    ('floor_on', models.DateField(blank=True, null=True)),
                ],
                options={
                    'verbose_name_plural': 'stock',
                    'indexes': [models.Index(condition=models.Q(('floor_on__isnull', False)), fields=['floor_on'], name='stock_floor')],
                    'constraints': [models.UniqueConstraint(fields=('warehouse', 'variant'), name='stock_once'), models.CheckConstraint(condition=models.Q(('reserved__lte', models.F('on_hand'))), name='stock_never_oversold'), models.CheckConstraint(condition=models.Q(('quarantined__lte', models.F('on_hand'))), name='stock_quarantined')],
                },
            ),
            migrations.CreateModel(
                name='Lot',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('stock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='inventory.stock')),
                    ('code', models.CharField(blank=True, help_text='empty for goods without lot numbers', max_length=60)),
                    ('produced_on', models.DateField(blank=True, null=True)),
                    ('expires_on', models.DateField(blank=True, null=True)),
                    ('inbound_list', models.CharField(blank=True, default='', help_text='核注清单编号, number of the inbound list, if bonded', max_length=30)),
                    ('received_at', models.DateTimeField()),
                    ('on_hand', models.PositiveIntegerField(default=0)),
                    ('picked', models.PositiveIntegerField(default=0)),
                    ('quarantined', models.PositiveIntegerField(default=0)),
                    ('stopped', models.BooleanField(default=False)),
                    ('unsellable_from', models.DateField(blank=True, help_text='the first day on which too little of its life is left', null=True)),
                    ('near_from', models.DateField(blank=True, help_text='the first day on which it is near its end (临期)', null=True)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('unsellable_from__isnull', False)), fields=['unsellable_from'], name='lot_ending')],
                    'constraints': [models.UniqueConstraint(fields=('stock', 'code', 'inbound_list'), name='lot_once'), models.CheckConstraint(condition=models.Q(('on_hand__gte', django.db.models.expressions.CombinedExpression(models.F('picked'), '+', models.F('quarantined')))), name='lot_balance'), models.CheckConstraint(condition=models.Q(('produced_on', None), ('expires_on', None), ('produced_on__lte', models.F('expires_on')), _connector='OR'), name='lot_dates')],
                },
            ),
            migrations.CreateModel(
                name='Reservation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('stock', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='reservations', to='inventory.stock')),
                    ('holder', models.CharField(max_length=80)),
                    ('quantity', models.PositiveIntegerField()),
                    ('shipped', models.PositiveIntegerField(default=0, help_text='pieces of it that have left')),
                    ('state', models.CharField(choices=[('held', 'Held'), ('picked', 'Picked'), ('shipped', 'Shipped'), ('released', 'Released')], default='held', max_length=10)),
                    ('at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField(blank=True, null=True)),
                    ('released_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('expires_at__isnull', False), ('state', 'held')), fields=['expires_at'], name='reservation_ending')],
                    'constraints': [models.UniqueConstraint(fields=('holder', 'stock'), name='reservation_once'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='reservation_positive'), models.CheckConstraint(condition=models.Q(models.Q(('shipped', 0), ('state__in', ['held', 'released'])), models.Q(('shipped__lt', models.F('quantity')), ('state', 'picked')), models.Q(('shipped', models.F('quantity')), ('state', 'shipped')), _connector='OR'), name='reservation_in_parts')],
                },
            ),
            migrations.CreateModel(
                name='Pick',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('reservation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='picks', to='inventory.reservation')),
                    ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='picks', to='inventory.lot')),
                    ('quantity', models.PositiveIntegerField()),
                    ('box', models.CharField(blank=True, default='', help_text='empty: packed in none yet', max_length=80)),
                    ('at', models.DateTimeField()),
                    ('shipped_at', models.DateTimeField(blank=True, null=True)),
                    ('put_back_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('box', ''), _negated=True), fields=['box'], name='pick_box'), models.Index(condition=models.Q(('shipped_at__isnull', False)), fields=['storefront', 'shipped_at'], include=('lot', 'quantity'), name='pick_left')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='pick_positive'), models.CheckConstraint(condition=models.Q(('shipped_at', None), ('put_back_at', None), _connector='OR'), name='pick_ends_once')],
                },
            ),
            migrations.CreateModel(
                name='Count',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('warehouse', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='counts', to='inventory.warehouse')),
                    ('note', models.CharField(blank=True, max_length=200)),
                    ('opened_by', models.CharField(max_length=80)),
                    ('opened_at', models.DateTimeField()),
                    ('closed_by', models.CharField(blank=True, default='', max_length=80)),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                ],
            ),
            migrations.CreateModel(
                name='CountLine',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('count', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='inventory.count')),
                    ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.lot')),
                    ('expected', models.PositiveIntegerField()),
                    ('counted', models.PositiveIntegerField()),
                    ('seen', models.BigIntegerField(default=0, editable=False, help_text='the last movement of the lot before it was counted')),
                    ('state', models.CharField(choices=[('matches', 'Matches'), ('varies', 'Varies'), ('accepted', 'Accepted')], max_length=10)),
                    ('by', models.CharField(max_length=80)),
                    ('at', models.DateTimeField()),
                    ('accepted_by', models.CharField(blank=True, default='', max_length=80)),
                    ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('count', 'lot'), name='count_line_once'), models.CheckConstraint(condition=models.Q(models.Q(('counted', models.F('expected')), ('state', 'matches')), models.Q(('state__in', ['varies', 'accepted']), models.Q(('counted', models.F('expected')), _negated=True)), _connector='OR'), name='count_line_state')],
                },
            ),
            migrations.CreateModel(
                name='Movement',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('stock', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='inventory.stock')),
                    ('lot', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='inventory.lot')),
                    ('kind', models.CharField(choices=[('receive', 'Receive'), ('reserve', 'Reserve'), ('release', 'Release'), ('pick', 'Pick'), ('put_back', 'Put Back'), ('ship', 'Ship'), ('return', 'Return'), ('adjust', 'Adjust'), ('transfer', 'Transfer'), ('quarantine', 'Quarantine'), ('restore', 'Restore')], max_length=10)),
                    ('on_hand', models.IntegerField(default=0)),
                    ('reserved', models.IntegerField(default=0)),
                    ('picked', models.IntegerField(default=0)),
                    ('quarantined', models.IntegerField(default=0)),
                    ('holder', models.CharField(blank=True, help_text='whose or which matter, opaque', max_length=80)),
                    ('reason', models.CharField(blank=True, max_length=200)),
                    ('by', models.CharField(blank=True, max_length=80)),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('lot__isnull', False)), fields=['lot'], name='movement_lot_lot'), models.Index(condition=models.Q(('kind__in', ['receive', 'transfer', 'return'])), fields=['stock'], name='movement_across')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['reserve', 'release']), ('lot', None), ('on_hand', 0), ('picked', 0), ('quarantined', 0)), models.Q(('lot__isnull', False), models.Q(('kind__in', ['reserve', 'release']), _negated=True)), _connector='OR'), name='movement_lot'), models.CheckConstraint(condition=models.Q(('on_hand', 0), ('picked', 0), ('quarantined', 0), ('reserved', 0), _negated=True), name='movement_moves')],
                },
            ),
            migrations.CreateModel(
                name='SaleStop',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant')),
                    ('lot', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stops', to='inventory.lot')),
                    ('reason', models.CharField(max_length=200)),
                    ('by', models.CharField(max_length=80)),
                    ('at', models.DateTimeField()),
                    ('lifted_by', models.CharField(blank=True, default='', max_length=80)),
                    ('lifted_reason', models.CharField(blank=True, default='', max_length=200)),
                    ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at', None), ('lot', None)), fields=('variant',), name='stop_one_of_sku'), models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('lot',), name='stop_one_of_lot')],
                },
            ),
            migrations.CreateModel(
                name='ShelfLife',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('variant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant')),
                    ('floor_days', models.PositiveIntegerField(help_text='with fewer days left nothing is sold', validators=[django.core.validators.MaxValueValidator(36500)])),
                    ('near_days', models.PositiveIntegerField(help_text='with fewer days left a lot is marked as near its end', validators=[django.core.validators.MaxValueValidator(36500)])),
                ],
                options={
                    'verbose_name_plural': 'shelf lives',
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'variant'), name='shelf_life_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('near_days__gte', models.F('floor_days'))), name='shelf_life_order')],
                },
            ),
            migrations.CreateModel(
                name='Transfer',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.warehouse')),
                    ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.warehouse')),
                    ('state', models.CharField(choices=[('in_transit', 'In Transit'), ('arrived', 'Arrived'), ('returned', 'Returned')], default='in_transit', max_length=10)),
                    ('reason', models.CharField(blank=True, max_length=200)),
                    ('sent_by', models.CharField(max_length=80)),
                    ('sent_at', models.DateTimeField()),
                    ('ended_by', models.CharField(blank=True, default='', max_length=80)),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('source', models.F('target')), _negated=True), name='transfer_between_two'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state', 'in_transit')), models.Q(models.Q(('state', 'in_transit'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='transfer_ends')],
                },
            ),
            migrations.CreateModel(
                name='TransferLine',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('transfer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='inventory.transfer')),
                    ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.lot')),
                    ('quantity', models.PositiveIntegerField()),
                    ('arrived', models.PositiveIntegerField(blank=True, null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('transfer', 'lot'), name='transfer_line_once'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='transfer_line_positive'), models.CheckConstraint(condition=models.Q(('arrived', None), ('arrived__lte', models.F('quantity')), _connector='OR'), name='transfer_line_arrived')],
                },
            ),
        ),
    ]
