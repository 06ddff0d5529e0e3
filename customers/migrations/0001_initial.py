"""Customers, sessions and addresses; identities and all that verifies one; copies of data; news of orders."""

import django.db.models.deletion
import kernel.clock
import kernel.ids
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('compliance', '0001_initial'),
        ('kernel', '0001_initial'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='Customer',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('subject', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.subject')),
                    ('openid_index', models.BinaryField(help_text='empty once the account is closed', max_length=33, null=True)),
                    ('openid_sealed', models.BinaryField()),
                    ('phone_index', models.BinaryField(max_length=33, null=True)),
                    ('phone_sealed', models.BinaryField(null=True)),
                    ('nickname_sealed', models.BinaryField(null=True)),
                    ('language', models.CharField(default='zh', max_length=2)),
                    ('created_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['phone_index'], name='customer_phone')],
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'openid_index'), name='customer_openid')],
                },
            ),
            migrations.CreateModel(
                name='Session',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('token_hash', models.BinaryField(max_length=32, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='storefronts.storefront')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to='customers.customer')),
                    ('created_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ],
            ),
            migrations.CreateModel(
                name='Address',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='customers.customer')),
                    ('division_code', models.CharField(help_text='行政区划代码, GB/T 2260, of county level', max_length=6)),
                    ('name_sealed', models.BinaryField()),
                    ('phone_sealed', models.BinaryField()),
                    ('street_sealed', models.BinaryField()),
                    ('is_default', models.BooleanField(default=False)),
                    ('created_at', models.DateTimeField()),
                    ('removed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'verbose_name_plural': 'addresses',
                    'constraints': [models.UniqueConstraint(condition=models.Q(('is_default', True), ('removed_at', None)), fields=('customer',), name='address_one_default')],
                },
            ),
            migrations.CreateModel(
                name='Identity',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('customer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='identity', to='customers.customer')),
                    ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.person')),
                    ('name_sealed', models.BinaryField()),
                    ('number_sealed', models.BinaryField()),
                    ('number_index', models.BinaryField(max_length=33)),
                    ('pair_index', models.BinaryField(max_length=33, null=True)),
                    ('state', models.CharField(choices=[('stated', 'well-formed, not yet checked with an authority'), ('verified', 'confirmed by an authorised provider'), ('rejected', 'refused by the provider, or by an operator')], default='stated', max_length=10)),
                    ('rejected_for', models.CharField(blank=True, choices=[('differs', 'name and number do not belong together'), ('no_record', 'the authority has no record of the number'), ('malformed', 'the authority takes this for no name or no number'), ('operator', 'rejected by an operator')], default='', max_length=10)),
                    ('stated_at', models.DateTimeField()),
                    ('verified_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'verbose_name_plural': 'identities',
                    'indexes': [models.Index(fields=['number_index'], name='identity_number'), models.Index(fields=['pair_index'], name='identity_pair')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('person__isnull', False), ('state', 'verified'), ('verified_at__isnull', False)), models.Q(models.Q(('state', 'verified'), _negated=True), ('person', None)), _connector='OR'), name='identity_person_when_verified')],
                },
            ),
            migrations.CreateModel(
                name='NamedPayer',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='named_payers', to='customers.customer')),
                    ('order_number', models.CharField(max_length=32)),
                    ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.person')),
                    ('name_sealed', models.BinaryField()),
                    ('number_sealed', models.BinaryField()),
                    ('pair_index', models.BinaryField(max_length=33, null=True)),
                    ('state', models.CharField(choices=[('asked', 'asked'), ('verified', 'verified'), ('rejected', 'rejected'), ('taken', 'taken'), ('refused', 'refused'), ('dropped', 'dropped')], default='asked', max_length=10)),
                    ('confirmed_version', models.CharField(max_length=20)),
                    ('confirmed_hash', models.CharField(max_length=64)),
                    ('named_at', models.DateTimeField()),
                    ('verified_at', models.DateTimeField(blank=True, null=True)),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['order_number'], name='named_of_order')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['asked', 'verified'])), fields=('order_number',), name='named_one_open'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('pair_index__isnull', False), ('state__in', ['asked', 'verified']), models.Q(('name_sealed', b''), _negated=True), models.Q(('number_sealed', b''), _negated=True)), models.Q(models.Q(('state__in', ['asked', 'verified']), _negated=True), ('ended_at__isnull', False), ('name_sealed', b''), ('number_sealed', b''), ('pair_index', None)), _connector='OR'), name='named_sealed_while_open'), models.CheckConstraint(condition=models.Q(models.Q(('person__isnull', False), ('state__in', ['verified', 'taken']), ('verified_at__isnull', False)), models.Q(models.Q(('state__in', ['verified', 'taken']), _negated=True), ('person', None)), _connector='OR'), name='named_person_when_verified')],
                },
            ),
            migrations.CreateModel(
                name='IdentityAttempt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identity_attempts', to='customers.customer')),
                    ('named', models.ForeignKey(blank=True, help_text='of another person, whom the customer named', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='customers.namedpayer')),
                    ('number_index', models.BinaryField(max_length=33)),
                    ('pair_index', models.BinaryField(max_length=33)),
                    ('device_index', models.BinaryField(max_length=33, null=True)),
                    ('openid_index', models.BinaryField(max_length=33, null=True)),
                    ('state', models.CharField(choices=[('asked', "the provider's answer is not known yet"), ('answered', 'Answered'), ('overtaken', 'something else was stated, or consent withdrawn'), ('refused', 'too many attempts')], default='asked', max_length=10)),
                    ('anew', models.BooleanField(default=False, help_text='the provider is asked even where an answer is kept')),
                    ('tries', models.PositiveIntegerField(default=0)),
                    ('next_try_at', models.DateTimeField(blank=True, null=True)),
                    ('error', models.CharField(blank=True, default='', max_length=80)),
                    ('verdict', models.CharField(blank=True, choices=[('matches', 'name and number belong together'), ('differs', 'name and number do not belong together'), ('no_record', 'the authority has no record of the number'), ('malformed', 'the authority takes this for no name or no number')], default='', max_length=10)),
                    ('provider', models.CharField(blank=True, default='', max_length=40)),
                    ('request_id', models.CharField(blank=True, default='', max_length=64)),
                    ('kept', models.BooleanField(default=False, help_text='answered by what the provider had said before')),
                    ('made_at', models.DateTimeField()),
                    ('answered_at', models.DateTimeField(blank=True, null=True)),
                    ('forgiven_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['customer', '-made_at'], name='attempt_customer'), models.Index(fields=['number_index', '-made_at'], name='attempt_number'), models.Index(fields=['pair_index'], name='attempt_pair'), models.Index(condition=models.Q(('device_index__isnull', False)), fields=['device_index', '-made_at'], name='attempt_device'), models.Index(condition=models.Q(('openid_index__isnull', False)), fields=['storefront', 'openid_index', '-made_at'], name='attempt_openid'), models.Index(condition=models.Q(('state', 'asked')), fields=['next_try_at'], name='attempt_due')],
                },
            ),
            migrations.CreateModel(
                name='IdentityFinding',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('pair_index', models.BinaryField(max_length=33, unique=True)),
                    ('key', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.datakey')),
                    ('answer_sealed', models.BinaryField(default=b'')),
                    ('provider', models.CharField(default='', max_length=40)),
                    ('request_id', models.CharField(default='', max_length=64)),
                    ('asking_until', models.DateTimeField(null=True)),
                    ('answered_at', models.DateTimeField(null=True)),
                    ('good_until', models.DateTimeField(null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['good_until'], name='finding_good')],
                },
            ),
            migrations.CreateModel(
                name='IdentityShare',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identity_shares', to='customers.customer')),
                    ('code_index', models.BinaryField(max_length=33, unique=True)),
                    ('made_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                    ('redeemed_at', models.DateTimeField(blank=True, null=True)),
                    ('redeemed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='customers.customer')),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('cancelled_at', None), ('redeemed_at', None)), fields=('customer',), name='share_one_open')],
                },
            ),
            migrations.CreateModel(
                name='Export',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exports', to='customers.customer')),
                    ('job', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.job')),
                    ('file', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.file')),
                    ('secret_hash', models.BinaryField(max_length=32, unique=True)),
                    ('asked_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('fetched_at', models.DateTimeField(blank=True, null=True)),
                ],
            ),
            migrations.CreateModel(
                name='NewsTemplate',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('occasion', models.CharField(choices=[('shipped', '已发货 · shipped'), ('cleared', '已清关 · cleared by customs'), ('delivered', '已签收 · delivered'), ('decided', '退换货已审核 · return decided'), ('came_back', '退货已收到 · goods are back'), ('refunded', '退款已到账 · refunded')], max_length=12)),
                    ('template_id', models.CharField(help_text='模板 ID, at WeChat', max_length=64)),
                    ('page', models.CharField(blank=True, default='', help_text='page that it leads to; {order} and {return} are the numbers', max_length=120)),
                    ('fields', models.JSONField(help_text='field → order, return, at, carrier, says or shop')),
                    ('active', models.BooleanField(default=True)),
                    ('set_at', models.DateTimeField(default=kernel.clock.now)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('active', True)), fields=('storefront', 'occasion'), name='news_template_one_active'), models.UniqueConstraint(fields=('storefront', 'template_id'), name='news_template_once')],
                },
            ),
            migrations.CreateModel(
                name='NewsConsent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='news_consents', to='customers.customer')),
                    ('by_template', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.newstemplate')),
                    ('answer_hash', models.CharField(max_length=64)),
                    ('given_at', models.DateTimeField()),
                    ('spent_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('spent_at', None)), fields=['customer', 'by_template'], name='news_consent_open')],
                    'constraints': [models.UniqueConstraint(fields=('customer', 'by_template', 'answer_hash'), name='news_consent_once_an_answer')],
                },
            ),
            migrations.CreateModel(
                name='News',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='news', to='customers.customer')),
                    ('by_template', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.newstemplate')),
                    ('consent', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='news', to='customers.newsconsent')),
                    ('order_number', models.CharField(max_length=32)),
                    ('occasion', models.CharField(choices=[('shipped', '已发货 · shipped'), ('cleared', '已清关 · cleared by customs'), ('delivered', '已签收 · delivered'), ('decided', '退换货已审核 · return decided'), ('came_back', '退货已收到 · goods are back'), ('refunded', '退款已到账 · refunded')], max_length=12)),
                    ('about', models.CharField(blank=True, default='', help_text='number of the return', max_length=32)),
                    ('says', models.CharField(blank=True, default='', help_text='what was said of the return', max_length=20)),
                    ('state', models.CharField(choices=[('owed', 'owed'), ('sending', 'sending'), ('unknown', 'unknown'), ('sent', 'sent'), ('refused', 'refused'), ('failed', 'failed'), ('dropped', 'dropped')], default='owed', max_length=10)),
                    ('happened_at', models.DateTimeField(help_text='what it tells of')),
                    ('made_at', models.DateTimeField()),
                    ('tried_at', models.DateTimeField(blank=True, null=True)),
                    ('error', models.CharField(blank=True, default='', help_text="WeChat's code", max_length=20)),
                ],
                options={
                    'verbose_name_plural': 'news',
                    'indexes': [models.Index(fields=['made_at'], name='news_age')],
                    'constraints': [models.UniqueConstraint(fields=('order_number', 'occasion', 'about', 'says'), name='news_once_an_occasion')],
                },
            ),
        ),
    ]
