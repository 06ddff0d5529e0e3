"""What is sold: categories, brands, products, variants, media, prices and what was told of them."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    # Each of its many steps renders all models that there are: they come before the tables of the shop.
    dependencies = [
        ('oauth2_provider', '0022_refreshtoken_token_family_index'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='Category',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='catalog.category')),
                    ('code', models.SlugField(max_length=60)),
                    ('name_zh', models.CharField(max_length=60)),
                    ('name_en', models.CharField(max_length=60)),
                    ('position', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'verbose_name_plural': 'categories',
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'code'), name='category_code'), models.UniqueConstraint(fields=('storefront', 'id'), name='category_tenant'), models.CheckConstraint(condition=models.Q(('parent', models.F('id')), _negated=True), name='category_not_in_itself')],
                },
            ),
            migrations.CreateModel(
                name='Brand',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('code', models.SlugField(max_length=60)),
                    ('name_zh', models.CharField(max_length=60)),
                    ('name_en', models.CharField(max_length=60)),
                    ('origin_country', models.CharField(help_text='ISO 3166-1 alpha-2', max_length=2)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'code'), name='brand_code'), models.UniqueConstraint(fields=('storefront', 'id'), name='brand_tenant'), models.CheckConstraint(condition=models.Q(('origin_country__regex', '^[A-Z]{2}$')), name='brand_country')],
                },
            ),
            migrations.CreateModel(
                name='Product',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('code', models.SlugField(max_length=80)),
                    ('category', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='catalog.category')),
                    ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='catalog.brand')),
                    ('name_zh', models.CharField(max_length=120)),
                    ('name_en', models.CharField(max_length=160)),
                    ('subtitle_zh', models.CharField(blank=True, default='', max_length=120)),
                    ('subtitle_en', models.CharField(blank=True, default='', max_length=160)),
                    ('description_zh', models.TextField(blank=True, default='')),
                    ('description_en', models.TextField(blank=True, default='')),
                    ('state', models.CharField(choices=[('draft', 'draft'), ('published', 'published'), ('withdrawn', 'withdrawn')], default='draft', max_length=10)),
                    ('published_at', models.DateTimeField(blank=True, help_text='first publication', null=True)),
                    ('search', django.contrib.postgres.search.SearchVectorField(default='', editable=False)),
                    ('from_price_fen', models.BigIntegerField(blank=True, editable=False, help_text='lowest present price of its active variants', null=True)),
                    ('price_due_at', models.DateTimeField(blank=True, editable=False, help_text='when a price cut next begins or ends', null=True)),
                    ('sold_count', models.PositiveIntegerField(default=0)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['search'], name='product_search'), models.Index(fields=['storefront', 'published_at', 'code'], name='product_by_newest'), models.Index(fields=['storefront', 'from_price_fen', 'code'], name='product_by_price'), models.Index(fields=['storefront', 'sold_count', 'code'], name='product_by_sold'), models.Index(condition=models.Q(('price_due_at__isnull', False)), fields=['price_due_at'], name='product_price_due')],
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'code'), name='product_code'), models.UniqueConstraint(fields=('storefront', 'id'), name='product_tenant'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'published', 'withdrawn'])), name='product_state'), models.CheckConstraint(condition=models.Q(('state', 'draft'), ('published_at__isnull', False), _connector='OR'), name='product_published_has_day'), models.CheckConstraint(condition=models.Q(('from_price_fen', None), ('from_price_fen__gt', 0), _connector='OR'), name='product_from_price_positive')],
                },
            ),
            migrations.CreateModel(
                name='Variant',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='variants', to='catalog.product')),
                    ('sku', models.CharField(max_length=30)),
                    ('options', models.JSONField(blank=True, default=dict, help_text='{"zh": {"色号": "玫瑰"}, "en": {"Shade": "Rose"}}')),
                    ('price_fen', models.BigIntegerField(help_text='public price of one piece, tax excluded')),
                    ('weight_g', models.PositiveIntegerField(help_text='gross weight of one piece')),
                    ('bar_code', models.CharField(blank=True, default='', help_text='GTIN 商品条形码', max_length=14)),
                    ('position', models.PositiveIntegerField(default=0)),
                    ('active', models.BooleanField(default=True)),
                    ('hs_code', models.CharField(help_text='8-digit tariff line 税则号列 and 2 extra digits', max_length=10)),
                    ('origin_country', models.CharField(help_text='原产国 as customs numeric code', max_length=3)),
                    ('origin_iso', models.CharField(help_text='ISO 3166-1 alpha-2 of the same country', max_length=2)),
                    ('unit', models.CharField(help_text='申报计量单位, customs unit code', max_length=3)),
                    ('legal_unit_1', models.CharField(help_text='法定第一计量单位', max_length=3)),
                    ('legal_quantity_1', models.DecimalField(decimal_places=5, help_text='法定第一数量 in one piece', max_digits=19)),
                    ('legal_unit_2', models.CharField(blank=True, help_text='法定第二计量单位', max_length=3, null=True)),
                    ('legal_quantity_2', models.DecimalField(blank=True, decimal_places=5, max_digits=19, null=True)),
                    ('net_content', models.DecimalField(blank=True, decimal_places=3, help_text='净含量 of one piece', max_digits=12, null=True)),
                    ('net_content_unit', models.CharField(blank=True, choices=[('ml', '毫升 · ml'), ('g', '克 · g'), ('piece', '片/件 · piece')], max_length=5, null=True)),
                    ('spec_zh', models.CharField(help_text='规格型号 (gmodel of the declaration)', max_length=250)),
                    ('e_label_zh', models.TextField(blank=True, default='', help_text='中文电子标签')),
                    ('is_food', models.BooleanField(default=False)),
                    ('adult_only', models.BooleanField(default=False)),
                    ('return_exclusion', models.CharField(blank=True, choices=[('opened', '拆封影响安全健康或品质 · unsafe or changed once opened'), ('activated', '激活试用后贬值较大 · loses its value once activated'), ('near_expiry', '临期或有瑕疵 · near expiry or defective'), ('custom_made', '定作商品 · made to order')], default='', help_text='ground on which the consumer may give up the 7-day return, line by line', max_length=12)),
                    ('classes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, help_text='classes of goods for which there are rules, e.g. egg, infant_formula', size=None)),
                    ('exclusion_ruled_out', models.BooleanField(default=False, help_text="confirmed: not among what the positive list's remark excludes 除外")),
                    ('customs_confirmed', models.BooleanField(default=False)),
                    ('customs_note', models.CharField(blank=True, default='', help_text='what is still to be confirmed, and why', max_length=250)),
                ],
                options={
                    'indexes': [models.Index(fields=['product', 'position', 'id'], name='variant_of_product')],
                    'constraints': [models.UniqueConstraint(fields=('storefront', 'sku'), name='variant_sku'), models.UniqueConstraint(fields=('storefront', 'id'), name='variant_tenant'), models.CheckConstraint(condition=models.Q(('sku__regex', '^[A-Za-z0-9][A-Za-z0-9._-]{0,29}$')), name='variant_sku_form'), models.CheckConstraint(condition=models.Q(('price_fen__gt', 0)), name='variant_price_positive'), models.CheckConstraint(condition=models.Q(('weight_g__gt', 0)), name='variant_weight_positive'), models.CheckConstraint(condition=models.Q(('bar_code', ''), ('bar_code__regex', '^[0-9]{8,14}$'), _connector='OR'), name='variant_bar_code'), models.CheckConstraint(condition=models.Q(('hs_code__regex', '^[0-9]{10}$')), name='variant_hs_code'), models.CheckConstraint(condition=models.Q(('origin_country__regex', '^[0-9]{3}$'), ('origin_iso__regex', '^[A-Z]{2}$')), name='variant_origin'), models.CheckConstraint(condition=models.Q(('unit__regex', '^[0-9]{3}$'), ('legal_unit_1__regex', '^[0-9]{3}$'), ('legal_quantity_1__gt', 0)), name='variant_units'), models.CheckConstraint(condition=models.Q(models.Q(('legal_quantity_2__isnull', True), ('legal_unit_2__isnull', True)), models.Q(('legal_quantity_2__gt', 0), ('legal_quantity_2__isnull', False), ('legal_unit_2__isnull', False), ('legal_unit_2__regex', '^[0-9]{3}$')), _connector='OR'), name='variant_second_unit_whole'), models.CheckConstraint(condition=models.Q(models.Q(('net_content__isnull', True), ('net_content_unit__isnull', True)), models.Q(('net_content__gt', 0), ('net_content__isnull', False), ('net_content_unit__in', ['ml', 'g', 'piece']), ('net_content_unit__isnull', False)), _connector='OR'), name='variant_content_whole'), models.CheckConstraint(condition=models.Q(('return_exclusion__in', ['', 'opened', 'activated', 'near_expiry', 'custom_made'])), name='variant_return_exclusion'), models.CheckConstraint(condition=models.Q(('customs_confirmed', True), models.Q(('customs_note', ''), _negated=True), _connector='OR'), name='variant_doubt_is_named')],
                },
            ),
            migrations.CreateModel(
                name='PriceCut',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cuts', to='catalog.variant')),
                    ('price_fen', models.BigIntegerField(help_text='price of one piece while the cut lasts, tax excluded')),
                    ('starts_at', models.DateTimeField()),
                    ('ends_at', models.DateTimeField(help_text='first instant at which the cut no longer holds')),
                    ('name_zh', models.CharField(max_length=60)),
                    ('name_en', models.CharField(max_length=60)),
                ],
                options={
                    'indexes': [models.Index(fields=['variant', 'starts_at'], name='cut_of_variant')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('price_fen__gt', 0)), name='cut_price_positive'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='cut_lasts'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.Func(models.F('variant_id'), models.F('variant_id'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('starts_at'), models.F('ends_at'), function='tstzrange', output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField()), '&&')], name='cut_one_at_a_time')],
                },
            ),
            migrations.CreateModel(
                name='PublicPrice',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='public_prices', to='catalog.variant')),
                    ('kind', models.CharField(choices=[('list', '原价 · list price'), ('cut', '公开降价 · public price cut'), ('cut_ended', '降价提前结束 · price cut ended')], max_length=10)),
                    ('price_fen', models.BigIntegerField(help_text='of one piece, tax excluded')),
                    ('told_at', models.DateTimeField()),
                    ('starts_at', models.DateTimeField()),
                    ('ends_at', models.DateTimeField(blank=True, null=True)),
                    ('ends', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='end', to='catalog.publicprice')),
                ],
                options={
                    'indexes': [models.Index(fields=['variant', 'kind', 'starts_at'], name='public_price_at')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('price_fen__gt', 0)), name='public_price_positive'), models.CheckConstraint(condition=models.Q(models.Q(('ends', None), ('ends_at', None), ('kind', 'list')), models.Q(('ends', None), ('ends_at__gt', models.F('starts_at')), ('kind', 'cut')), models.Q(('ends__isnull', False), ('ends_at', None), ('kind', 'cut_ended')), _connector='OR'), name='public_price_whole')],
                },
            ),
            migrations.CreateModel(
                name='Media',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='media', to='catalog.product')),
                    ('kind', models.CharField(choices=[('image', '图片 · image')], default='image', max_length=10)),
                    ('path', models.CharField(max_length=200)),
                    ('thumbnail_path', models.CharField(max_length=200)),
                    ('alt_zh', models.CharField(max_length=160)),
                    ('alt_en', models.CharField(max_length=160)),
                    ('width', models.PositiveIntegerField()),
                    ('height', models.PositiveIntegerField()),
                    ('position', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'verbose_name_plural': 'media',
                    'constraints': [models.UniqueConstraint(fields=('product', 'position'), name='media_position'), models.CheckConstraint(condition=models.Q(('width__gt', 0), ('height__gt', 0)), name='media_size'), models.CheckConstraint(condition=models.Q(('kind', 'image')), name='media_kind')],
                },
            ),
            migrations.CreateModel(
                name='CatalogVersion',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('version', models.BigIntegerField()),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('version__gt', 0)), name='catalog_version_positive')],
                },
            ),
            migrations.CreateModel(
                name='PriceChange',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                    ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='price_changes', to='catalog.variant')),
                    ('batch', models.UUIDField()),
                    ('from_fen', models.BigIntegerField(help_text='list price when it was asked for')),
                    ('price_fen', models.BigIntegerField(help_text='of one piece, tax excluded')),
                    ('starts_at', models.DateTimeField()),
                    ('state', models.CharField(choices=[('planned', '待生效 · planned'), ('done', '已生效 · in force'), ('cancelled', '已取消 · called off'), ('refused', '未生效 · refused')], default='planned', max_length=10)),
                    ('asked_by', models.CharField(max_length=150)),
                    ('asked_at', models.DateTimeField()),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                    ('ended_by', models.CharField(blank=True, default='', max_length=150)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('state', 'planned')), fields=['starts_at'], name='price_change_due')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('price_fen__gt', 0)), name='price_change_positive'), models.CheckConstraint(condition=models.Q(('state', 'planned'), ('ended_at__isnull', False), _connector='XOR'), name='price_change_ended'), models.UniqueConstraint(condition=models.Q(('state', 'planned')), fields=('variant', 'starts_at'), name='price_change_once')],
                },
            ),
        ),
    ]
