"""The ledger, batches that go abroad with their evidence, and published rates."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('kernel', '0001_initial'),
        ('orders', '0001_initial'),
        ('payments', '0001_initial'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='Evidence',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='orders.order')),
                    ('kind', models.CharField(choices=[('payment', 'Payment'), ('logistics', 'Logistics'), ('clearance', 'Clearance')], max_length=10)),
                    ('reference', models.CharField(help_text='number of the declaration, waybill or list', max_length=80)),
                    ('at', models.DateTimeField(help_text='when it happened')),
                    ('told_at', models.DateTimeField()),
                ],
                options={
                    'verbose_name_plural': 'evidence',
                    'indexes': [models.Index(fields=['reference'], name='evidence_reference')],
                    'constraints': [models.UniqueConstraint(fields=('order', 'kind', 'reference'), name='evidence_once'), models.CheckConstraint(condition=models.Q(('reference', ''), _negated=True), name='evidence_has_reference')],
                },
            ),
            migrations.CreateModel(
                name='SettlementBatch',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('number', models.CharField(max_length=32, unique=True)),
                    ('currency', models.CharField(help_text='ISO 4217', max_length=3)),
                    ('bop_code', models.CharField(default='122030', max_length=6)),
                    ('state', models.CharField(choices=[('draft', 'draft'), ('exported', 'exported'), ('discarded', 'discarded'), ('answered', 'answered'), ('refused', 'refused'), ('received', 'received'), ('closed', 'closed')], default='draft', max_length=10)),
                    ('items_count', models.PositiveIntegerField()),
                    ('net_fen', models.BigIntegerField(help_text='after refunds and fees; what is converted')),
                    ('promised_minor', models.BigIntegerField(help_text='at the rates locked on the orders')),
                    ('made_at', models.DateTimeField()),
                    ('made_by', models.CharField(max_length=80)),
                    ('file', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.file')),
                    ('exported_at', models.DateTimeField(blank=True, null=True)),
                    ('answer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.file')),
                    ('answered_at', models.DateTimeField(blank=True, null=True)),
                    ('settled_fen', models.BigIntegerField(default=0, help_text='of the items that the institution took')),
                    ('settled_promised_minor', models.BigIntegerField(default=0, help_text='promised for those items')),
                    ('foreign_minor', models.BigIntegerField(default=0, help_text="at the institution's rates")),
                    ('result_fen', models.BigIntegerField(default=0, help_text='forex result: positive is a gain')),
                    ('received_minor', models.BigIntegerField(default=0, help_text='credited or charged by the bank so far')),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'verbose_name_plural': 'settlement batches',
                    'indexes': [models.Index(fields=['storefront', 'currency', '-id'], name='batch_of_storefront')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('items_count__gt', 0), ('net_fen__gt', 0), ('promised_minor__gt', 0)), name='batch_goes_abroad'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'discarded']), models.Q(('exported_at__isnull', False), ('file__isnull', False)), _connector='OR'), name='batch_exported_whole'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'discarded', 'exported']), models.Q(('answer__isnull', False), ('answered_at__isnull', False)), _connector='OR'), name='batch_answered_whole'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['received', 'closed']), _negated=True), ('received_minor', models.F('foreign_minor')), _connector='OR'), name='batch_received_whole')],
                },
            ),
            migrations.CreateModel(
                name='SettlementItem',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='settlement.settlementbatch')),
                    ('position', models.PositiveIntegerField(help_text='in the file, from 1')),
                    ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='settlements', to='orders.order')),
                    ('turn', models.PositiveSmallIntegerField(default=0)),
                    ('live', models.BooleanField(default=True)),
                    ('gross_fen', models.BigIntegerField(help_text='goods after coupons, and freight; the tax stays in China')),
                    ('refunded_fen', models.BigIntegerField()),
                    ('fee_fen', models.BigIntegerField()),
                    ('net_fen', models.BigIntegerField()),
                    ('cny_per_100', models.DecimalField(decimal_places=4, help_text='locked on the order', max_digits=14)),
                    ('promised_minor', models.BigIntegerField()),
                    ('evidence', models.JSONField(default=dict)),
                    ('rate', models.DecimalField(decimal_places=4, help_text="the institution's, yuan for 100 units", max_digits=14, null=True)),
                    ('foreign_minor', models.BigIntegerField(blank=True, null=True)),
                    ('settled_on', models.DateField(blank=True, null=True)),
                    ('refusal', models.CharField(blank=True, default='', max_length=120)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('settled_on__isnull', False)), fields=['storefront', 'settled_on'], name='item_day')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('net_fen', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('gross_fen'), '-', models.F('refunded_fen')), '-', models.F('fee_fen')))), name='item_net'), models.CheckConstraint(condition=models.Q(('net_fen', 0), _negated=True), name='item_not_zero'), models.UniqueConstraint(fields=('batch', 'position'), name='item_position'), models.UniqueConstraint(condition=models.Q(('live', True)), fields=('order', 'turn'), name='item_one_live'), models.CheckConstraint(condition=models.Q(models.Q(('foreign_minor', None), ('rate', None), ('settled_on', None)), models.Q(('foreign_minor__isnull', False), ('rate__gt', 0), ('refusal', ''), ('settled_on__isnull', False)), _connector='OR'), name='item_answered_whole')],
                },
            ),
            migrations.CreateModel(
                name='ForexReceipt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='settlement.settlementbatch')),
                    ('kind', models.CharField(choices=[('credit', 'Credit'), ('charge', 'Charge')], default='credit', max_length=6)),
                    ('reference', models.CharField(help_text="the bank's", max_length=60)),
                    ('amount_minor', models.BigIntegerField()),
                    ('credited_on', models.DateField()),
                    ('recorded_at', models.DateTimeField()),
                    ('recorded_by', models.CharField(max_length=80)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('batch', 'reference'), name='forex_receipt_once'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='forex_receipt_positive')],
                },
            ),
            migrations.CreateModel(
                name='Entry',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('kind', models.CharField(choices=[('sale', 'Sale'), ('stray', 'Stray'), ('refund', 'Refund'), ('tax_levied', 'Tax Levied'), ('transfer', 'Transfer'), ('fee', 'Fee'), ('coupon', 'Coupon'), ('payout', 'Payout'), ('difference', 'Difference'), ('correction', 'Correction'), ('settlement', 'Settlement'), ('receipt', 'Receipt'), ('clearing', 'Clearing')], max_length=12)),
                    ('key', models.CharField(max_length=120, unique=True)),
                    ('day', models.DateField(help_text='the day in Shanghai to which it belongs')),
                    ('at', models.DateTimeField(help_text='when it happened')),
                    ('entered_at', models.DateTimeField()),
                    ('order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                    ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.payment')),
                    ('refund', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.refund')),
                    ('bill_line', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.billline')),
                    ('fund_line', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.fundline')),
                    ('difference', models.ForeignKey(help_text='that it corrects', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.billdifference')),
                    ('reverses', models.OneToOneField(help_text='the correction that it takes back', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='settlement.entry')),
                ],
                options={
                    'verbose_name_plural': 'entries',
                    'indexes': [models.Index(fields=['storefront', 'day'], name='entry_day'), models.Index(condition=models.Q(('order__isnull', False)), fields=['order'], name='entry_of_order')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('reverses__isnull', True), models.Q(('kind', 'correction'), models.Q(('difference__isnull', False), ('refund__isnull', False), _connector='OR')), _connector='OR'), name='entry_reverses_corrections')],
                },
            ),
            migrations.CreateModel(
                name='Posting',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='settlement.entry')),
                    ('account', models.CharField(choices=[('wechat', 'Wechat'), ('bank', 'Bank'), ('sales', 'Sales'), ('freight', 'Freight'), ('tax', 'Tax'), ('stray', 'Stray'), ('consumer', 'Consumer'), ('fee', 'Fee'), ('coupon', 'Coupon'), ('goodwill', 'Goodwill'), ('passed_on', 'Passed On'), ('abroad', 'Abroad'), ('brand', 'Brand'), ('forex', 'Forex'), ('other', 'Other'), ('unexplained', 'Unexplained')], max_length=12)),
                    ('day', models.DateField(help_text="the entry's")),
                    ('amount_fen', models.BigIntegerField(help_text='debit positive, credit negative')),
                ],
                options={
                    'indexes': [models.Index(fields=['storefront', 'account', 'day'], include=('amount_fen',), name='posting_statement')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('amount_fen', 0), _negated=True), name='posting_not_zero'), models.UniqueConstraint(fields=('entry', 'account'), name='posting_account_once')],
                },
            ),
            migrations.CreateModel(
                name='RatePublication',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('day', models.DateField(help_text='of publication, in Shanghai', unique=True)),
                    ('published_at', models.DateTimeField()),
                    ('fetched_at', models.DateTimeField()),
                    ('source', models.CharField(help_text='address it was read from', max_length=200)),
                    ('sha256', models.CharField(max_length=64)),
                    ('body', models.TextField(help_text='the page as it came')),
                    ('rates', models.JSONField(help_text='yuan for 100 units, by currency')),
                ],
            ),
            migrations.CreateModel(
                name='OpenOrder',
                fields=[
                    ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='orders.order')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ],
            ),
        ),
    ]
