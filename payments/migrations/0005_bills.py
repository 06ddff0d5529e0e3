"""Bills, their lines and their differences; what WeChat Pay said is added and never changed."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from kernel.append_only import no_change, no_delete


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_refund_attention'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Bill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mchid', models.CharField(max_length=32)),
                ('day', models.DateField(help_text='in Shanghai')),
                ('kind', models.CharField(choices=[('trade', 'Trade'), ('fund_basic', 'Fund Basic'), ('fund_operation', 'Fund Operation'), ('fund_fees', 'Fund Fees')], max_length=14)),
                ('state', models.CharField(choices=[('asked', 'asked'), ('downloaded', 'downloaded'), ('matched', 'matched'), ('unreadable', 'unreadable')], default='asked', max_length=10)),
                ('sha1', models.CharField(blank=True, default='', help_text='empty: nothing happened', max_length=40)),
                ('rows', models.PositiveIntegerField(default=0)),
                ('sales', models.PositiveIntegerField(default=0)),
                ('sales_fen', models.BigIntegerField(default=0, help_text="before WeChat's own coupons")),
                ('settled_fen', models.BigIntegerField(default=0, help_text='what WeChat owes us for them')),
                ('refunds', models.PositiveIntegerField(default=0)),
                ('refunded_fen', models.BigIntegerField(default=0, help_text='what we asked to give back')),
                ('fee_fen', models.BigIntegerField(default=0, help_text='after fees given back')),
                ('in_fen', models.BigIntegerField(default=0)),
                ('out_fen', models.BigIntegerField(default=0)),
                ('closing_fen', models.BigIntegerField(blank=True, null=True)),
                ('told', models.JSONField(blank=True, default=dict)),
                ('differences', models.PositiveIntegerField(default=0)),
                ('asked_at', models.DateTimeField()),
                ('downloaded_at', models.DateTimeField(blank=True, null=True)),
                ('matched_at', models.DateTimeField(blank=True, null=True)),
                ('next_try_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('tries', models.PositiveIntegerField(default=0)),
                ('trouble', models.CharField(blank=True, default='', max_length=200)),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.CreateModel(
            name='BillLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField(help_text='in the file, from 1')),
                ('kind', models.CharField(choices=[('sale', 'Sale'), ('refund', 'Refund'), ('revoked', 'Revoked')], max_length=8)),
                ('at', models.DateTimeField()),
                ('appid', models.CharField(max_length=64)),
                ('transaction_id', models.CharField(max_length=64)),
                ('out_trade_no', models.CharField(max_length=64)),
                ('trade_type', models.CharField(max_length=64)),
                ('currency', models.CharField(max_length=64)),
                ('order_fen', models.BigIntegerField()),
                ('settled_fen', models.BigIntegerField()),
                ('coupon_fen', models.BigIntegerField()),
                ('wechat_refund_id', models.CharField(blank=True, max_length=64)),
                ('out_refund_no', models.CharField(blank=True, max_length=64)),
                ('refund_fen', models.BigIntegerField()),
                ('refund_coupon_fen', models.BigIntegerField()),
                ('refund_asked_fen', models.BigIntegerField()),
                ('refund_channel', models.CharField(blank=True, max_length=64)),
                ('refund_state', models.CharField(blank=True, help_text='on that day; never told anew', max_length=64)),
                ('fee_fen', models.BigIntegerField()),
                ('rate_ppm', models.PositiveIntegerField(blank=True, help_text='of the fee, in millionths', null=True)),
                ('bill', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='payments.bill')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bill_lines', to='payments.payment')),
                ('refund', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bill_lines', to='payments.refund')),
                ('storefront', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.CreateModel(
            name='BillDifference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('unknown_payment', 'Unknown Payment'), ('missing_payment', 'Missing Payment'), ('amount', 'Amount'), ('state', 'State'), ('fee', 'Fee'), ('unknown_refund', 'Unknown Refund'), ('missing_refund', 'Missing Refund'), ('refund_amount', 'Refund Amount'), ('refund_state', 'Refund State'), ('doubled', 'Doubled'), ('summary', 'Summary'), ('fund_balance', 'Fund Balance'), ('fund_sum', 'Fund Sum')], max_length=16)),
                ('key', models.CharField(help_text='what it is about, as in its case', max_length=80)),
                ('theirs_fen', models.BigIntegerField(blank=True, null=True)),
                ('ours_fen', models.BigIntegerField(blank=True, null=True)),
                ('says', models.CharField(blank=True, default='', max_length=120)),
                ('found_at', models.DateTimeField()),
                ('bill', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='found', to='payments.bill')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.payment')),
                ('refund', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.refund')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.billline')),
            ],
        ),
        migrations.CreateModel(
            name='FundLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField(help_text='in the file, from 1')),
                ('at', models.DateTimeField()),
                ('business_id', models.CharField(db_index=True, max_length=64)),
                ('flow_id', models.CharField(max_length=64)),
                ('business', models.CharField(max_length=64)),
                ('business_type', models.CharField(max_length=64)),
                ('amount_fen', models.BigIntegerField(help_text='negative: it left')),
                ('balance_fen', models.BigIntegerField()),
                ('voucher', models.CharField(blank=True, max_length=64)),
                ('bill', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='payments.bill')),
                ('storefront', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.AddIndex(
            model_name='bill',
            index=models.Index(condition=models.Q(('state__in', ['asked', 'downloaded'])), fields=['next_try_at'], name='bill_to_try'),
        ),
        migrations.AddConstraint(
            model_name='bill',
            constraint=models.UniqueConstraint(fields=('mchid', 'day', 'kind'), name='bill_once'),
        ),
        migrations.AddConstraint(
            model_name='bill',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'matched'), _negated=True), models.Q(('downloaded_at__isnull', False), ('matched_at__isnull', False)), _connector='OR'), name='bill_matched_whole'),
        ),
        migrations.AddIndex(
            model_name='billline',
            index=models.Index(condition=models.Q(('kind', 'sale')), fields=['transaction_id'], name='bill_line_sale'),
        ),
        migrations.AddIndex(
            model_name='billline',
            index=models.Index(condition=models.Q(('kind', 'refund')), fields=['out_refund_no'], name='bill_line_refund'),
        ),
        migrations.AddConstraint(
            model_name='billline',
            constraint=models.UniqueConstraint(fields=('bill', 'line'), name='bill_line_once'),
        ),
        migrations.AddConstraint(
            model_name='billdifference',
            constraint=models.UniqueConstraint(fields=('bill', 'kind', 'key'), name='difference_once'),
        ),
        migrations.AddConstraint(
            model_name='fundline',
            constraint=models.UniqueConstraint(fields=('bill', 'line'), name='fund_line_once'),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                fields=["mchid", "succeeded_at"],
                name="payment_of_day",
                condition=models.Q(("state", "succeeded")),
            ),
        ),
        no_delete("payments_bill"),
        no_change("payments_billline"),
        no_change("payments_fundline"),
        no_change("payments_billdifference"),
    ]
