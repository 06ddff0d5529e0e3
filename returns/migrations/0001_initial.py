"""Requests to return, their lines, what was found of them, and the terms of storefronts."""

import django.db.models.deletion
import kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0003_public_prices'),
        ('inventory', '0005_movements_across_the_fence'),
        ('kernel', '0006_files_and_deliveries_stay'),
        ('orders', '0005_an_address_is_mended'),
        ('payments', '0008_what_is_kept_back'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReturnPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
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
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
            options={
                'verbose_name_plural': 'return policies',
            },
        ),
        migrations.CreateModel(
            name='ReturnRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('number', models.CharField(max_length=32, unique=True)),
                ('kind', models.CharField(choices=[('refund_only', 'refund_only'), ('return', 'return'), ('exchange', 'exchange'), ('claim', 'claim')], max_length=12)),
                ('reason', models.CharField(choices=[('changed_mind', 'changed_mind'), ('does_not_fit', 'does_not_fit'), ('no_longer_wanted', 'no_longer_wanted'), ('not_received', 'not_received'), ('damaged', 'damaged'), ('defective', 'defective'), ('wrong', 'wrong'), ('missing', 'missing')], max_length=20)),
                ('state', models.CharField(choices=[('requested', 'requested'), ('appealed', 'appealed'), ('to_send', 'to_send'), ('on_the_way', 'on_the_way'), ('refunding', 'refunding'), ('refused', 'refused'), ('lapsed', 'lapsed'), ('received', 'received'), ('inspected', 'inspected'), ('disputed', 'disputed'), ('settled', 'settled'), ('ended', 'ended'), ('withdrawn', 'withdrawn')], default='requested', max_length=12)),
                ('key', models.CharField(help_text='whose wish it is: asked twice, it is one request', max_length=80)),
                ('words_sealed', models.BinaryField(blank=True, default=b'')),
                ('answer', models.CharField(blank=True, default='', help_text='shown to the consumer', max_length=300)),
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
                ('return_no', models.CharField(blank=True, default='', max_length=20)),
                ('restorable', models.BooleanField(blank=True, help_text='whether customs gives up the tax', null=True)),
                ('deducted_fen', models.BigIntegerField(default=0, help_text='kept back for goods that were used')),
                ('deducted_why', models.CharField(blank=True, default='', help_text='shown to the consumer', max_length=200)),
                ('requested_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by', models.CharField(blank=True, default='', max_length=80)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('received_at', models.DateTimeField(blank=True, null=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='orders.order')),
                ('policy', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='returns.returnpolicy')),
                ('refund', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.refund')),
                ('replacement', models.ForeignKey(help_text='of the order in exchange', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='orders.quote')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.CreateModel(
            name='ReturnPicture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('at', models.DateTimeField()),
                ('file', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.file')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('request', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pictures', to='returns.returnrequest')),
            ],
        ),
        migrations.CreateModel(
            name='ReturnLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('asked', 'asked'), ('refused', 'refused'), ('approved', 'approved'), ('inspected', 'inspected'), ('paid', 'paid'), ('dropped', 'dropped')], default='asked', max_length=12)),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('wanted', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='returns.returnrequest')),
            ],
        ),
        migrations.CreateModel(
            name='ReturnGrade',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grade', models.CharField(choices=[('as_new', '完好 · as new'), ('opened', '已拆封或使用 · opened or used'), ('damaged', '破损 · damaged'), ('wrong', '非本单商品 · not what was sold'), ('short', '缺少 · not there')], max_length=8)),
                ('place', models.CharField(choices=[('shelf', '重新上架 · for sale again'), ('quarantine', '隔离 · set aside'), ('destroy', '销毁 · destroyed'), ('abroad', '退运出境 · sent back abroad'), ('nowhere', '不入库 · not taken in')], max_length=10)),
                ('quantity', models.PositiveIntegerField()),
                ('by', models.CharField(max_length=80)),
                ('at', models.DateTimeField()),
                ('lot', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.lot')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grades', to='returns.returnline')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='return_grade_quantity'), models.CheckConstraint(condition=models.Q(models.Q(('grade__in', ['wrong', 'short']), ('lot', None), ('place', 'nowhere')), models.Q(models.Q(('place', 'nowhere'), _negated=True), ('lot__isnull', False), models.Q(('grade__in', ['wrong', 'short']), _negated=True)), _connector='OR'), name='return_grade_has_lot'), models.CheckConstraint(condition=models.Q(models.Q(('place', 'shelf'), _negated=True), ('grade', 'as_new'), _connector='OR'), name='return_grade_for_sale')],
            },
        ),
        migrations.AddConstraint(
            model_name='returnpolicy',
            constraint=models.UniqueConstraint(fields=('storefront', 'starts_on'), name='return_policy_day'),
        ),
        migrations.AddConstraint(
            model_name='returnpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('appeal_days__range', (1, 60)), ('approves_up_to_fen__gte', 0), ('claim_days__gte', 7), ('decide_hours__range', (1, 240)), ('lost_tax_percent__lte', 100), ('opened_percent__lte', 100), ('send_days__range', (1, 60))), name='return_policy_sound'),
        ),
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(fields=['order'], name='return_of_order'),
        ),
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(fields=['storefront', 'state', '-id'], name='return_queue'),
        ),
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(condition=models.Q(('next_at__isnull', False), models.Q(('state__in', ('settled', 'ended', 'lapsed', 'withdrawn')), _negated=True)), fields=['next_at'], name='return_due'),
        ),
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(condition=models.Q(('waybill', ''), _negated=True), fields=['waybill'], name='return_waybill'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.UniqueConstraint(fields=('order', 'key'), name='return_wish_once'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('refund__isnull', False)), fields=('refund',), name='return_refund_once'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(('deducted_fen__gte', 0), ('quoted_late_fen__gte', 0), ('quoted_fen__gte', models.F('quoted_late_fen'))), name='return_amounts'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['received', 'inspected', 'disputed']), _negated=True), models.Q(('received_at__isnull', False), ('refund_by__isnull', False)), _connector='OR'), name='return_received_has_day'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.UniqueConstraint(fields=('request', 'line'), name='return_line_once'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='return_line_quantity'),
        ),
    ]
