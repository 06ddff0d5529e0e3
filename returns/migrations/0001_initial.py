"""Requests to return, their lines, what was found of them, and the terms of storefronts."""

import django.db.models.deletion
import kernel.ids
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0001_initial'),
        ('inventory', '0001_initial'),
        ('kernel', '0001_initial'),
        ('orders', '0001_initial'),
        ('payments', '0001_initial'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='ReturnPolicy',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('starts_on', models.DateField()),
                    ('way_back_by', models.CharField(choices=[('consumer', '消费者承担 · the consumer'), ('brand', '品牌承担 · the brand')], default='consumer', help_text='who pays the way back of goods that are sent back without a reason', max_length=8)),
                    ('refunds_freight', models.BooleanField(default=False, help_text='whether the freight of the way there goes back without a reason too')),
                    ('lost_tax_percent', models.PositiveSmallIntegerField(default=100, help_text='what the brand bears of tax that customs does not give up, in percent')),
                    ('opened_percent', models.PositiveSmallIntegerField(default=0, help_text='what may be kept back at most of the price of goods that were used, in percent')),
                    ('claim_days', models.PositiveSmallIntegerField(default=15, help_text='days after receipt in which damaged, wrong or missing goods are claimed')),
                    ('decide_hours', models.PositiveSmallIntegerField(default=48, help_text='by when a request is decided')),
                    ('send_days', models.PositiveSmallIntegerField(default=7, help_text='days after the approval in which goods are sent back')),
                    ('appeal_days', models.PositiveSmallIntegerField(default=7, help_text='days after a refusal in which the consumer may appeal')),
                    ('approves', models.BooleanField(default=True, help_text='whether what the law gives anyway is approved by itself')),
                    ('approves_up_to_fen', models.BigIntegerField(default=100000, help_text="above this sum of an order's refunds a person decides, in fen")),
                ],
                options={
                    'verbose_name_plural': 'return policies',
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'starts_on'), name='return_policy_day'), models.CheckConstraint(condition=models.Q(('appeal_days__range', (1, 60)), ('approves_up_to_fen__gte', 0), ('claim_days__gte', 7), ('decide_hours__range', (1, 240)), ('lost_tax_percent__lte', 100), ('opened_percent__lte', 100), ('send_days__range', (1, 60))), name='return_policy_sound')],
                },
            ),
            migrations.CreateModel(
                name='ReturnRequest',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('number', models.CharField(max_length=32, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='orders.order')),
                    ('kind', models.CharField(choices=[('refund_only', 'refund_only'), ('return', 'return'), ('exchange', 'exchange'), ('claim', 'claim')], max_length=12)),
                    ('reason', models.CharField(choices=[('changed_mind', 'changed_mind'), ('does_not_fit', 'does_not_fit'), ('no_longer_wanted', 'no_longer_wanted'), ('not_received', 'not_received'), ('damaged', 'damaged'), ('defective', 'defective'), ('wrong', 'wrong'), ('undelivered', 'undelivered'), ('missing', 'missing')], max_length=20)),
                    ('state', models.CharField(choices=[('requested', 'requested'), ('appealed', 'appealed'), ('to_send', 'to_send'), ('on_the_way', 'on_the_way'), ('refunding', 'refunding'), ('refused', 'refused'), ('lapsed', 'lapsed'), ('received', 'received'), ('inspected', 'inspected'), ('disputed', 'disputed'), ('settled', 'settled'), ('ended', 'ended'), ('withdrawn', 'withdrawn')], default='requested', max_length=12)),
                    ('key', models.CharField(help_text='whose wish it is: asked twice, it is one request', max_length=80)),
                    ('words_sealed', models.BinaryField(blank=True, default=b'')),
                    ('answer', models.CharField(blank=True, default='', help_text='shown to the consumer', max_length=300)),
                    ('policy', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='returns.returnpolicy')),
                    ('goods_back', models.BooleanField(help_text='whether goods come back before the money goes')),
                    ('seller_pays', models.BooleanField(help_text='whether the seller pays the way back')),
                    ('freight', models.BooleanField(help_text='whether the freight of the way there goes back too')),
                    ('quoted_fen', models.BigIntegerField(help_text='refund as it was quoted')),
                    ('quoted_late_fen', models.BigIntegerField(help_text='the same, should customs not give up the tax')),
                    ('quote', models.JSONField(help_text='what the consumer was shown: parts, clocks, citations')),
                    ('declare_by', models.DateField(blank=True, help_text='last day to declare it to customs', null=True)),
                    ('arrive_by', models.DateField(blank=True, help_text="last day to be back at customs' place", null=True)),
                    ('decide_by', models.DateTimeField()),
                    ('appeal_by', models.DateTimeField(blank=True, null=True)),
                    ('send_by', models.DateTimeField(blank=True, null=True)),
                    ('refund_by', models.DateTimeField(blank=True, help_text='seven days after the goods came', null=True)),
                    ('next_at', models.DateTimeField(blank=True, help_text='when it is looked at by itself', null=True)),
                    ('carrier', models.CharField(blank=True, default='', max_length=20)),
                    ('waybill', models.CharField(blank=True, default='', max_length=40)),
                    ('way_code', models.CharField(blank=True, choices=[('announced', '已下单 · announced'), ('picked_up', '已揽收 · picked up'), ('in_transit', '运输中 · in transit'), ('customs', '清关中 · with customs'), ('customs_hold', '清关异常 · held by customs'), ('cleared', '已清关 · cleared'), ('arrived', '到达派件城市 · in the city'), ('out_for_delivery', '派送中 · out for delivery'), ('at_point', '待取件 · waits to be fetched'), ('trouble', '派送异常 · trouble'), ('refused', '拒收 · refused'), ('damaged', '破损 · damaged'), ('lost', '遗失 · lost'), ('returning', '退回中 · on its way back'), ('returned', '已退回 · returned'), ('delivered', '已签收 · delivered'), ('void', '已销单 · void')], default='', help_text='what was told of it last', max_length=20)),
                    ('way_text', models.CharField(blank=True, default='', max_length=200)),
                    ('way_at', models.DateTimeField(blank=True, null=True)),
                    ('track_at', models.DateTimeField(blank=True, help_text='when the tracker is asked next', null=True)),
                    ('way_fen', models.BigIntegerField(default=0, help_text='paid to the consumer for the way back')),
                    ('way_paid_on', models.DateField(blank=True, help_text='day of that transfer', null=True)),
                    ('way_reference', models.CharField(blank=True, default='', help_text='number of that transfer at the bank or WeChat', max_length=64)),
                    ('return_no', models.CharField(blank=True, default='', max_length=20)),
                    ('restorable', models.BooleanField(blank=True, help_text='whether customs gives up the tax', null=True)),
                    ('tax_spared_fen', models.BigIntegerField(default=0, help_text='tax of its pieces that customs gives up')),
                    ('tax_owed_fen', models.BigIntegerField(default=0, help_text='tax of its pieces that stays owed to customs')),
                    ('refund', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.refund')),
                    ('replacement', models.ForeignKey(help_text='of the order in exchange', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='orders.quote')),
                    ('deducted_fen', models.BigIntegerField(default=0, help_text='kept back for goods that were used')),
                    ('deducted_why', models.CharField(blank=True, default='', help_text='shown to the consumer', max_length=200)),
                    ('requested_at', models.DateTimeField()),
                    ('decided_at', models.DateTimeField(blank=True, null=True)),
                    ('decided_by', models.CharField(blank=True, default='', max_length=80)),
                    ('sent_at', models.DateTimeField(blank=True, null=True)),
                    ('received_at', models.DateTimeField(blank=True, null=True)),
                    ('settled_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['order'], name='return_of_order'), models.Index(fields=['storefront', 'state', '-id'], name='return_queue'), models.Index(fields=['storefront', 'requested_at'], name='return_day'), models.Index(condition=models.Q(('settled_at__isnull', False)), fields=['storefront', 'settled_at'], name='return_end_day'), models.Index(condition=models.Q(('next_at__isnull', False), models.Q(('state__in', ('settled', 'ended', 'lapsed', 'withdrawn')), _negated=True)), fields=['next_at'], name='return_due'), models.Index(condition=models.Q(('state', 'on_the_way')), fields=['track_at'], name='return_followed'), models.Index(condition=models.Q(('waybill', ''), _negated=True), fields=['waybill'], name='return_waybill')],
                    'constraints': [models.UniqueConstraint(fields=('order', 'key'), name='return_wish_once'), models.UniqueConstraint(condition=models.Q(('way_reference', ''), _negated=True), fields=('storefront', 'way_reference'), name='return_way_reference_once'), models.CheckConstraint(condition=models.Q(models.Q(('way_fen', 0), ('way_paid_on', None), ('way_reference', '')), models.Q(('seller_pays', True), ('way_fen__gt', 0), ('way_paid_on__isnull', False), models.Q(('way_reference', ''), _negated=True)), _connector='OR'), name='return_way_paid_whole'), models.CheckConstraint(condition=models.Q(('deducted_fen__gte', 0), ('quoted_late_fen__gte', 0), ('quoted_fen__gte', models.F('quoted_late_fen'))), name='return_amounts'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['received', 'inspected', 'disputed']), _negated=True), models.Q(('received_at__isnull', False), ('refund_by__isnull', False)), _connector='OR'), name='return_received_has_day')],
                },
            ),
            migrations.CreateModel(
                name='ReturnPicture',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                    ('request', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pictures', to='returns.returnrequest')),
                    ('file', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.file')),
                    ('at', models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name='ReturnLine',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='returns.returnrequest')),
                    ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                    ('quantity', models.PositiveIntegerField()),
                    ('refunded', models.PositiveIntegerField(default=0, help_text='pieces of it that were refunded before they came: put away, not refunded again')),
                    ('state', models.CharField(choices=[('asked', 'asked'), ('refused', 'refused'), ('approved', 'approved'), ('inspected', 'inspected'), ('paid', 'paid'), ('dropped', 'dropped')], default='asked', max_length=12)),
                    ('wanted', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant')),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('request', 'line'), name='return_line_once'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='return_line_quantity'), models.CheckConstraint(condition=models.Q(('refunded__lte', models.F('quantity'))), name='return_line_refunded')],
                },
            ),
            migrations.CreateModel(
                name='ReturnGrade',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grades', to='returns.returnline')),
                    ('grade', models.CharField(choices=[('as_new', '完好 · as new'), ('opened', '已拆封或使用 · opened or used'), ('damaged', '破损 · damaged'), ('wrong', '非本单商品 · not what was sold'), ('short', '缺少 · not there')], max_length=8)),
                    ('place', models.CharField(choices=[('shelf', '重新上架 · for sale again'), ('quarantine', '隔离 · set aside'), ('destroy', '销毁 · destroyed'), ('abroad', '退运出境 · sent back abroad'), ('nowhere', '不入库 · not taken in')], max_length=10)),
                    ('quantity', models.PositiveIntegerField()),
                    ('lot', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.lot')),
                    ('by', models.CharField(max_length=80)),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='return_grade_quantity'), models.CheckConstraint(condition=models.Q(models.Q(('grade__in', ['wrong', 'short']), ('lot', None), ('place', 'nowhere')), models.Q(models.Q(('place', 'nowhere'), _negated=True), ('lot__isnull', False), models.Q(('grade__in', ['wrong', 'short']), _negated=True)), _connector='OR'), name='return_grade_has_lot'), models.CheckConstraint(condition=models.Q(models.Q(('place', 'shelf'), _negated=True), ('grade', 'as_new'), _connector='OR'), name='return_grade_for_sale')],
                },
            ),
            migrations.CreateModel(
                name='StrayParcel',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('number', models.CharField(max_length=32, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                    ('request', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='strays', to='returns.returnrequest')),
                    ('state', models.CharField(choices=[('kept', 'kept'), ('sent_back', 'sent_back'), ('refunded', 'refunded'), ('ours', 'ours'), ('closed', 'closed')], default='kept', max_length=12)),
                    ('waybill', models.CharField(blank=True, default='', help_text='what stood on the parcel', max_length=64)),
                    ('contents', models.CharField(blank=True, default='', help_text='what else is in it, without personal data', max_length=200)),
                    ('pieces', models.PositiveIntegerField(default=0, help_text='of what else is in it')),
                    ('came_on', models.DateField()),
                    ('by', models.CharField(max_length=80)),
                    ('at', models.DateTimeField()),
                    ('note', models.CharField(blank=True, default='', help_text='what became of it', max_length=200)),
                    ('result', models.ForeignKey(help_text='by which refunded', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='returns.returnrequest')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('order__isnull', False)), fields=['order'], name='stray_of_order')],
                },
            ),
            migrations.CreateModel(
                name='StrayPiece',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='found', to='returns.strayparcel')),
                    ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                    ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.lot')),
                    ('grade', models.CharField(choices=[('as_new', '完好 · as new'), ('opened', '已拆封或使用 · opened or used'), ('damaged', '破损 · damaged')], max_length=8)),
                    ('quantity', models.PositiveIntegerField()),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='stray_piece_quantity')],
                },
            ),
        ),
    ]
