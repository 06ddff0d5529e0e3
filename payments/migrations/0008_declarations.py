"""What customs is told of a payment, and the merchant's numbers at the ports; a declaration stays."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

from kernel.append_only import no_delete


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0009_orders_of_those_erased'),
        ('payments', '0007_evidence_stays'),
        ('storefronts', '0003_declarations'),
    ]

    operations = [
        migrations.CreateModel(
            name='CustomsNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('port', models.CharField(choices=[('GUANGZHOU_ZS', '广州（总署版） · Guangzhou'), ('HANGZHOU_ZS', '杭州（总署版） · Hangzhou'), ('NINGBO', '宁波 · Ningbo'), ('ZHENGZHOU_BS', '郑州（保税物流中心） · Zhengzhou bonded logistics centre'), ('CHONGQING', '重庆 · Chongqing'), ('SHANGHAI_ZS', '上海（总署版） · Shanghai'), ('SHENZHEN', '深圳 · Shenzhen'), ('ZHENGZHOU_ZH_ZS', '郑州综保（总署版） · Zhengzhou comprehensive bonded zone'), ('TIANJIN', '天津 · Tianjin'), ('GUANGZHOU_HP_GJ', '广州黄埔国检 · Guangzhou Huangpu inspection'), ('GUANGZHOU_NS_GJ', '广州南沙国检 · Guangzhou Nansha inspection')], max_length=30)),
                ('number', models.CharField(help_text='merchant_customs_no, 商户海关备案号', max_length=60)),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('storefront', 'port'), name='customs_number_of_port')],
            },
        ),
        migrations.CreateModel(
            name='PaymentDeclaration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('port', models.CharField(choices=[('GUANGZHOU_ZS', '广州（总署版） · Guangzhou'), ('HANGZHOU_ZS', '杭州（总署版） · Hangzhou'), ('NINGBO', '宁波 · Ningbo'), ('ZHENGZHOU_BS', '郑州（保税物流中心） · Zhengzhou bonded logistics centre'), ('CHONGQING', '重庆 · Chongqing'), ('SHANGHAI_ZS', '上海（总署版） · Shanghai'), ('SHENZHEN', '深圳 · Shenzhen'), ('ZHENGZHOU_ZH_ZS', '郑州综保（总署版） · Zhengzhou comprehensive bonded zone'), ('TIANJIN', '天津 · Tianjin'), ('GUANGZHOU_HP_GJ', '广州黄埔国检 · Guangzhou Huangpu inspection'), ('GUANGZHOU_NS_GJ', '广州南沙国检 · Guangzhou Nansha inspection')], max_length=30)),
                ('family', models.CharField(choices=[('v2', '国内接口 v2 · domestic, XML'), ('v3', '全球接口 v3 · global, API v3')], max_length=2)),
                ('customs_number', models.CharField(blank=True, default='', max_length=60)),
                ('order_fen', models.BigIntegerField(help_text='what is declared: paid, less what was refunded')),
                ('transport_fen', models.BigIntegerField()),
                ('product_fen', models.BigIntegerField()),
                ('duty_fen', models.BigIntegerField()),
                ('state', models.CharField(choices=[('to_declare', 'to_declare'), ('amending', 'amending'), ('submitted', 'submitted'), ('processing', 'processing'), ('excepted', 'excepted'), ('held', 'held'), ('succeeded', 'succeeded'), ('failed', 'failed'), ('withdrawn', 'withdrawn')], default='to_declare', max_length=12)),
                ('round', models.PositiveIntegerField(default=0)),
                ('trouble', models.CharField(blank=True, default='', help_text='why a person must look', max_length=40)),
                ('coupon_accepted', models.BooleanField(default=False, help_text="declared although WeChat's own coupon paid a part")),
                ('match', models.CharField(blank=True, choices=[('SAME', 'SAME'), ('DIFFERENT', 'DIFFERENT')], default='', max_length=10)),
                ('department', models.CharField(blank=True, default='', max_length=20)),
                ('department_number', models.CharField(blank=True, default='', max_length=64)),
                ('explanation', models.CharField(blank=True, default='', help_text="customs' own words", max_length=200)),
                ('modified_at', models.DateTimeField(blank=True, help_text='as WeChat says', null=True)),
                ('opened_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, help_text='first told to WeChat, or tried to', null=True)),
                ('submitted_at', models.DateTimeField(blank=True, help_text='known to WeChat, of this round', null=True)),
                ('succeeded_at', models.DateTimeField(blank=True, null=True)),
                ('next_try_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('tries', models.PositiveIntegerField(default=0)),
                ('resends', models.PositiveIntegerField(default=0)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='declarations', to='payments.payment')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['to_declare', 'amending', 'submitted', 'processing', 'excepted'])), fields=['next_try_at'], name='declaration_to_try'), models.Index(fields=['order'], name='declaration_of_order')],
                'constraints': [models.UniqueConstraint(fields=('payment', 'port'), name='declaration_once_a_port'), models.CheckConstraint(condition=models.Q(('duty_fen__gte', 0), ('order_fen', django.db.models.expressions.CombinedExpression(models.F('transport_fen'), '+', models.F('product_fen'))), ('product_fen__gte', 0), ('transport_fen__gte', 0)), name='declaration_sum'), models.CheckConstraint(condition=models.Q(('state', 'withdrawn'), ('order_fen__gt', 0), _connector='OR'), name='declaration_has_amount'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), models.Q(('succeeded_at__isnull', False), models.Q(('customs_number', ''), _negated=True)), _connector='OR'), name='declaration_succeeded_whole'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'held'), _negated=True), models.Q(('trouble', ''), _negated=True), _connector='OR'), name='declaration_held_why')],
            },
        ),
        no_delete('payments_paymentdeclaration'),
    ]
