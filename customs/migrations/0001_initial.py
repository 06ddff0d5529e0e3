"""Port accounts, declarations, their documents and tax, and what went to the port and came back."""

import django.core.validators
import django.db.models.deletion
import kernel.ids
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('orders', '0001_initial'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='PortAccount',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('customs_code', models.CharField(help_text='申报地海关, the district', max_length=4, validators=[django.core.validators.RegexValidator('^[0-9]{4}$')])),
                    ('port_code', models.CharField(help_text='进境口岸, where goods come in', max_length=4, validators=[django.core.validators.RegexValidator('^[0-9]{4}$')])),
                    ('traffic', models.CharField(help_text='运输方式: across the border (9610), out of the zone (1210)', max_length=1, validators=[django.core.validators.RegexValidator('^[0-9A-Z]$')])),
                    ('dispatch_country', models.CharField(default='142', help_text="起运国 by customs' codes (9610); 142 for bonded goods", max_length=3)),
                    ('site_code', models.CharField(blank=True, default='', help_text='loctNo, 监管场所, where a district has several', max_length=10)),
                    ('dxp_id', models.CharField(help_text='传输编号 at the exchange platform', max_length=30)),
                    ('transport', models.CharField(choices=[('http', 'HTTP'), ('folder', "文件交换 · folders of the port's client")], default='http', max_length=6)),
                    ('folder', models.CharField(blank=True, default='', help_text="of the port's client: it holds send and receive", max_length=200)),
                    ('signer', models.CharField(choices=[('rsa-sha1', 'RSA-SHA1 · a key here'), ('sm2-sm3', 'SM2-SM3 国密 · a key here'), ('machine', '加签机 · a signing machine')], default='rsa-sha1', max_length=8)),
                    ('key_sealed', models.BinaryField(blank=True, default=b'')),
                    ('password_sealed', models.BinaryField(blank=True, default=b'', help_text="of the signing machine's card")),
                    ('certificate_number', models.CharField(blank=True, default='', help_text='证书号', max_length=64)),
                    ('certificate', models.TextField(blank=True, default='', help_text='base64 of its DER')),
                    ('guarantor', models.CharField(choices=[('declarant', '申报企业 · declarant'), ('ebc', '电商企业 · seller'), ('logistics', '物流企业 · carrier')], default='declarant', help_text='who answers for tax', max_length=12)),
                    ('guarantee_fen', models.BigIntegerField(default=0, help_text='保证金或保函额度, the guarantee for tax')),
                    ('batch', models.PositiveSmallIntegerField(default=100, help_text='most documents in one message')),
                    ('active', models.BooleanField(default=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='port_accounts', to='storefronts.storefront')),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'customs_code'), name='port_account_of_district'), models.CheckConstraint(condition=models.Q(('batch__range', (1, 100)), ('guarantee_fen__gte', 0)), name='port_account_batch'), models.CheckConstraint(condition=models.Q(models.Q(('transport', 'folder'), _negated=True), models.Q(('folder', ''), _negated=True), _connector='OR'), name='port_account_folder'), models.CheckConstraint(condition=models.Q(('signer', 'machine'), models.Q(models.Q(('key_sealed', b''), _negated=True), models.Q(('certificate_number', ''), _negated=True), models.Q(('certificate', ''), _negated=True)), _connector='OR'), name='port_account_signs')],
                },
            ),
            migrations.CreateModel(
                name='Declaration',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('number', models.CharField(help_text='of the order, which is the key of its history', max_length=32)),
                    ('state', models.CharField(choices=[('waiting', 'waiting'), ('documents', 'documents'), ('listed', 'listed'), ('rejected', 'rejected'), ('blocked', 'blocked'), ('accepted', 'accepted'), ('review', 'review'), ('inspection', 'inspection'), ('released', 'released'), ('detained', 'detained'), ('cancelling', 'cancelling'), ('closed', 'closed'), ('cancelled', 'cancelled'), ('turned_back', 'turned_back'), ('ended', 'ended')], default='waiting', max_length=12)),
                    ('round', models.PositiveSmallIntegerField(default=1)),
                    ('cop_no', models.CharField(help_text='our number of the list', max_length=20, unique=True)),
                    ('pre_no', models.CharField(blank=True, default='', max_length=18)),
                    ('list_no', models.CharField(blank=True, default='', max_length=18)),
                    ('awaits', models.CharField(blank=True, default='', help_text='what it waits for', max_length=24)),
                    ('trouble', models.CharField(blank=True, default='', help_text='why it does not go on', max_length=40)),
                    ('status', models.CharField(blank=True, default='', help_text='returnStatus of the list', max_length=10)),
                    ('told_at', models.DateTimeField(blank=True, help_text='when customs made that receipt', null=True)),
                    ('tax_fen', models.BigIntegerField(default=0, help_text='which the guarantee answers for')),
                    ('duty_fen', models.BigIntegerField(default=0, help_text='as the list declared it')),
                    ('vat_fen', models.BigIntegerField(default=0, help_text='as the list declared it')),
                    ('excise_fen', models.BigIntegerField(default=0, help_text='as the list declared it')),
                    ('opened_at', models.DateTimeField()),
                    ('listed_at', models.DateTimeField(blank=True, help_text='the list was sent, or tried to', null=True)),
                    ('accepted_at', models.DateTimeField(blank=True, help_text='120, 入库', null=True)),
                    ('released_at', models.DateTimeField(blank=True, help_text='800, 放行', null=True)),
                    ('next_try_at', models.DateTimeField(blank=True, null=True)),
                    ('tries', models.PositiveIntegerField(default=0)),
                    ('resends', models.PositiveSmallIntegerField(default=0, help_text="of this round's documents")),
                    ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='customs_declaration', to='orders.order')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customs.portaccount')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('next_try_at__isnull', False)), fields=['next_try_at'], name='customs_to_try'), models.Index(fields=['storefront', 'state', '-id'], name='customs_board'), models.Index(condition=models.Q(('listed_at__isnull', False), ('tax_fen__gt', 0)), fields=['account', 'released_at'], name='customs_owing'), models.Index(condition=models.Q(('list_no', ''), _negated=True), fields=['list_no'], name='customs_list_no')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['blocked', 'rejected']), _negated=True), models.Q(('trouble', ''), _negated=True), _connector='OR'), name='customs_blocked_why'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'blocked', 'documents', 'rejected', 'ended']), models.Q(('account__isnull', False), ('listed_at__isnull', False)), _connector='OR'), name='customs_listed_whole'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['released', 'closed']), _negated=True), models.Q(('released_at__isnull', False), models.Q(('list_no', ''), _negated=True)), _connector='OR'), name='customs_released_whole')],
                },
            ),
            migrations.CreateModel(
                name='TaxSheet',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('tax_no', models.CharField(help_text='电子税单编号', max_length=50)),
                    ('list_no', models.CharField(max_length=18)),
                    ('duty_fen', models.BigIntegerField(blank=True, null=True)),
                    ('vat_fen', models.BigIntegerField(blank=True, null=True)),
                    ('excise_fen', models.BigIntegerField(blank=True, null=True)),
                    ('status', models.CharField(choices=[('1', '已生成 · made'), ('2', '已汇总 · summarised'), ('3', '已作废 · void')], max_length=1)),
                    ('duty_no', models.CharField(blank=True, default='', help_text='缴款书编号, of the payment order', max_length=50)),
                    ('told_at', models.DateTimeField(help_text='when customs told of this state')),
                    ('received_at', models.DateTimeField()),
                    ('declaration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tax_sheets', to='customs.declaration')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ],
                options={
                    'indexes': [models.Index(fields=['storefront', 'status', '-id'], name='tax_sheet_board'), models.Index(condition=models.Q(('duty_no', ''), _negated=True), fields=['duty_no'], name='tax_sheet_duty_no')],
                    'constraints': [models.UniqueConstraint(fields=('declaration', 'tax_no'), name='tax_sheet_once'), models.CheckConstraint(condition=models.Q(models.Q(('duty_fen', None), ('excise_fen', None), ('vat_fen', None)), models.Q(('duty_fen__isnull', False), ('excise_fen__isnull', False), ('vat_fen__isnull', False)), _connector='OR'), name='tax_sheet_whole')],
                },
            ),
            migrations.CreateModel(
                name='PortMessage',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('name', models.CharField(help_text='CEB311Message …', max_length=15)),
                    ('guid', models.CharField(max_length=36, unique=True)),
                    ('before', models.BinaryField(default=b'', help_text='empty until it is signed')),
                    ('after', models.BinaryField(default=b'')),
                    ('digest', models.CharField(default='', help_text='SHA-256 of the whole message', max_length=64)),
                    ('made_at', models.DateTimeField()),
                    ('sent_at', models.DateTimeField(blank=True, help_text='the port has taken it', null=True)),
                    ('next_try_at', models.DateTimeField(blank=True, null=True)),
                    ('tries', models.PositiveIntegerField(default=0)),
                    ('error', models.CharField(blank=True, default='', max_length=120)),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='customs.portaccount')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('next_try_at__isnull', False)), fields=['next_try_at'], name='port_message_to_send')],
                },
            ),
            migrations.CreateModel(
                name='Filing',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('kind', models.CharField(choices=[('order', '订单 · CEB311'), ('waybill', '运单 · CEB511'), ('payment', '支付单 · CEB411'), ('list', '清单 · CEB621'), ('cancel', '撤单 · CEB623'), ('return', '退货 · CEB625')], max_length=8)),
                    ('guid', models.CharField(max_length=36, unique=True)),
                    ('key', models.CharField(help_text='by which its receipts name it', max_length=80)),
                    ('app_type', models.CharField(help_text='报送类型: 1 new, 2 changed, 3 deleted', max_length=1)),
                    ('body_sealed', models.BinaryField(help_text='the document as XML; empty where another party signs it')),
                    ('digest', models.CharField(help_text='SHA-256 of what it says, without number and time', max_length=64)),
                    ('position', models.PositiveSmallIntegerField(default=0, help_text='its place in the message')),
                    ('status', models.CharField(blank=True, default='', help_text='the latest returnStatus', max_length=10)),
                    ('told_at', models.DateTimeField(blank=True, null=True)),
                    ('made_at', models.DateTimeField()),
                    ('sent_at', models.DateTimeField(blank=True, null=True)),
                    ('superseded', models.BooleanField(default=False, help_text='a later version stands in its place')),
                    ('declaration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='filings', to='customs.declaration')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='filings', to='customs.portmessage')),
                ],
                options={
                    'indexes': [models.Index(fields=['key'], name='filing_key'), models.Index(condition=models.Q(('message', None), ('superseded', False), models.Q(('body_sealed', b''), _negated=True)), fields=['id'], name='filing_to_send')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('superseded', False), models.Q(('kind', 'return'), _negated=True)), fields=('declaration', 'kind'), name='filing_one_stands'), models.UniqueConstraint(condition=models.Q(('message__isnull', False)), fields=('message', 'position'), name='filing_place_in_message')],
                },
            ),
            migrations.CreateModel(
                name='PortReceipt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('name', models.CharField(blank=True, default='', max_length=15)),
                    ('digest', models.CharField(help_text='SHA-256 of what was told', max_length=64)),
                    ('status', models.CharField(blank=True, default='', help_text='returnStatus', max_length=10)),
                    ('code', models.CharField(blank=True, default='', help_text='the error that it names', max_length=10)),
                    ('told_at', models.DateTimeField(blank=True, help_text='when it was made', null=True)),
                    ('raw_sealed', models.BinaryField()),
                    ('outcome', models.CharField(choices=[('taken', 'Taken'), ('old', 'told of an earlier version, or before what is known'), ('unknown', 'of no document of ours'), ('unreadable', 'Unreadable')], max_length=10)),
                    ('received_at', models.DateTimeField()),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='customs.portaccount')),
                    ('filing', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='customs.filing')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ],
                options={
                    'indexes': [models.Index(fields=['filing', '-id'], name='port_receipt_of_filing'), models.Index(fields=['received_at'], name='port_receipt_day')],
                    'constraints': [models.UniqueConstraint(fields=('account', 'digest'), name='port_receipt_once')],
                },
            ),
        ),
    ]

