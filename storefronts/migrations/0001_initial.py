"""Storefronts, the accounts by which they trade, and the people of the house."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import kernel.clock
import kernel.ids
from django.conf import settings
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('compliance', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='BrandCompany',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.SlugField(max_length=40, unique=True)),
                    ('name', models.CharField(max_length=120)),
                    ('name_zh', models.CharField(blank=True, default='', max_length=120)),
                    ('country', models.CharField(help_text='ISO 3166-1 alpha-2', max_length=2)),
                    ('currency', models.CharField(default='EUR', help_text='ISO 4217, of settlement', max_length=3)),
                ],
                options={
                    'verbose_name_plural': 'brand companies',
                },
            ),
            migrations.CreateModel(
                name='Storefront',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='storefronts', to='storefronts.brandcompany')),
                    ('code', models.SlugField(max_length=40, unique=True)),
                    ('name', models.CharField(max_length=120)),
                    ('name_zh', models.CharField(max_length=120)),
                    ('appid', models.CharField(max_length=32, unique=True)),
                    ('appsecret_sealed', models.BinaryField(help_text="sealed under the storefront's key")),
                    ('message_token_sealed', models.BinaryField(blank=True, default=b'', help_text='with which pushes of the mini-program are signed (令牌)')),
                    ('message_key_sealed', models.BinaryField(blank=True, default=b'', help_text='with which they are encrypted (消息加解密密钥)')),
                    ('key', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.datakey')),
                    ('state', models.CharField(choices=[('open', 'Open'), ('closed', 'Closed')], default='open', max_length=10)),
                    ('trade_modes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=4), help_text='customs trade modes, e.g. 1210, 9610', size=None)),
                    ('payment_window_seconds', models.PositiveIntegerField(default=1800)),
                    ('quote_window_seconds', models.PositiveIntegerField(default=900)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('payment_window_seconds__gt', 0), ('quote_window_seconds__gt', 0)), name='storefront_windows_positive')],
                },
            ),
            migrations.CreateModel(
                name='LegalParty',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parties', to='storefronts.storefront')),
                    ('role', models.CharField(choices=[('ebc', '跨境电商企业 · overseas seller'), ('ebp', '跨境电商平台 · platform'), ('agent', '境内服务商/代理 · domestic service provider'), ('pay', '支付企业 · payment institution'), ('logistics', '物流企业 · carrier'), ('declarant', '申报企业 · declaring enterprise'), ('area', '区内企业 · bonded warehouse operator'), ('food_recall', '食品召回责任企业 · food recall firm')], max_length=12)),
                    ('name', models.CharField(max_length=100)),
                    ('country', models.CharField(max_length=2)),
                    ('customs_code', models.CharField(blank=True, default='', help_text='海关注册登记编号', max_length=18)),
                    ('credit_code', models.CharField(blank=True, default='', help_text='统一社会信用代码 (USCC)', max_length=18)),
                    ('contact', models.CharField(blank=True, default='', max_length=200)),
                ],
                options={
                    'verbose_name_plural': 'legal parties',
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'role'), name='party_one_per_role')],
                },
            ),
            migrations.CreateModel(
                name='MerchantAccount',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merchants', to='storefronts.storefront')),
                    ('mchid', models.CharField(max_length=32, unique=True)),
                    ('serial_no', models.CharField(help_text='serial of the merchant certificate, hexadecimal', max_length=64)),
                    ('private_key_sealed', models.BinaryField()),
                    ('apiv3_key_sealed', models.BinaryField()),
                    ('v2_key_sealed', models.BinaryField(blank=True, default=b'', help_text='key of API v2 (API 密钥), with which v2 declarations are signed')),
                    ('customs_family', models.CharField(choices=[('v2', '国内接口 v2 · domestic, XML'), ('v3', '全球接口 v3 · global, API v3')], default='v2', help_text='how payments are declared', max_length=2)),
                    ('payer_identity', models.CharField(choices=[('off', 'Off'), ('on', 'On'), ('refused', 'Refused')], default='off', max_length=8)),
                    ('expires_at', models.DateTimeField(blank=True, help_text='of the merchant certificate; unknown when only its serial was given', null=True)),
                    ('active', models.BooleanField(default=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('active', True)), fields=('storefront',), name='merchant_one_active')],
                },
            ),
            migrations.CreateModel(
                name='PastMerchantKey',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='past_keys', to='storefronts.merchantaccount')),
                    ('serial_no', models.CharField(max_length=64)),
                    ('private_key_sealed', models.BinaryField()),
                    ('expires_at', models.DateTimeField(blank=True, null=True)),
                    ('replaced_at', models.DateTimeField()),
                    ('retired_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('merchant', 'serial_no'), name='past_key_serial'), models.CheckConstraint(condition=models.Q(('retired_at__isnull', True), ('private_key_sealed', b''), _connector='OR'), name='past_key_retired_is_gone')],
                },
            ),
            migrations.CreateModel(
                name='PlatformKey',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='platform_keys', to='storefronts.merchantaccount')),
                    ('serial', models.CharField(max_length=64)),
                    ('public_key_pem', models.TextField()),
                    ('valid_from', models.DateTimeField(blank=True, null=True)),
                    ('expires_at', models.DateTimeField(blank=True, null=True)),
                    ('added_at', models.DateTimeField(default=kernel.clock.now)),
                    ('retired_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('merchant', 'serial'), name='platform_key_serial')],
                },
            ),
            migrations.CreateModel(
                name='KeyFetch',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('merchant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='key_fetch', to='storefronts.merchantaccount')),
                    ('asked_at', models.DateTimeField(blank=True, null=True)),
                    ('asked_serial', models.CharField(blank=True, default='', max_length=64)),
                    ('tried_at', models.DateTimeField(blank=True, null=True)),
                    ('fetched_at', models.DateTimeField(blank=True, null=True)),
                    ('outcome', models.CharField(choices=[('waiting', 'Waiting'), ('fetched', 'Fetched'), ('empty', 'Empty'), ('failed', 'Failed')], default='waiting', max_length=8)),
                    ('error', models.CharField(blank=True, default='', max_length=200)),
                ],
            ),
            migrations.CreateModel(
                name='PushedMessage',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('digest', models.BinaryField(help_text='SHA-256 of what tells one message from another')),
                    ('event', models.CharField(blank=True, default='', max_length=60)),
                    ('content', models.BinaryField(help_text='as it came; empty once it is taken in')),
                    ('outcome', models.CharField(choices=[('received', 'Received'), ('taken', 'Taken'), ('ignored', 'Ignored'), ('failed', 'Failed')], default='received', max_length=12)),
                    ('error', models.CharField(blank=True, default='', max_length=120)),
                    ('received_at', models.DateTimeField()),
                    ('taken_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['received_at'], name='pushed_message_day')],
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'digest'), name='pushed_message_once')],
                },
            ),
            migrations.CreateModel(
                name='Operator',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                    ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                    ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                    ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                    ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                    ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                    ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                    ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                    ('factor_key', models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.datakey')),
                    ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                    ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ],
                options={
                    'verbose_name': 'operator',
                },
                managers=[
                    ('objects', django.contrib.auth.models.UserManager()),
                ],
            ),
            migrations.CreateModel(
                name='Membership',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('operator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='storefronts.storefront')),
                    ('role', models.CharField(choices=[('owner', 'Owner'), ('merchandiser', 'Merchandiser'), ('fulfilment', 'Fulfilment'), ('customer_service', 'Customer Service'), ('finance', 'Finance'), ('compliance', 'Compliance'), ('auditor', 'Auditor')], max_length=20)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('operator', 'storefront', 'role'), name='membership_once')],
                },
            ),
            migrations.CreateModel(
                name='OperatorSession',
                fields=[
                    ('session_data', models.TextField(verbose_name='session data')),
                    ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('session_key', models.CharField(max_length=64, unique=True)),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('operator', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to=settings.AUTH_USER_MODEL)),
                    ('factor', models.CharField(blank=True, choices=[('code', 'Code'), ('recovery', 'Recovery'), ('none', 'None')], default='', max_length=8)),
                    ('idle_seconds', models.PositiveIntegerField()),
                    ('address', models.GenericIPAddressField(blank=True, null=True)),
                    ('browser', models.CharField(blank=True, default='', max_length=200)),
                    ('started_at', models.DateTimeField()),
                    ('seen_at', models.DateTimeField()),
                ],
                options={
                    'verbose_name': 'session',
                },
            ),
            migrations.CreateModel(
                name='FourEyes',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='four_eyes', to='storefronts.storefront')),
                    ('verb', models.CharField(choices=[('refund', 'Refund'), ('bulk_export', 'Export'), ('pay_keys', 'Pay Keys')], max_length=20)),
                    ('above', models.PositiveBigIntegerField(help_text='fen of refunds of one order, rows of an export; of keys 0 is always, 1 never')),
                ],
                options={
                    'verbose_name_plural': 'four eyes',
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'verb'), name='four_eyes_once')],
                },
            ),
        ),
    ]
