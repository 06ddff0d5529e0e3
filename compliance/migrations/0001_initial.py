"""Keys, subjects and persons; judgements, consents, allowances and rates; logs, their chain, and incidents."""

import django.contrib.postgres.fields
import django.db.models.deletion
import kernel.ids
from django.db import migrations, models

from kernel.tables import CreateModels


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name='ImpactAssessment',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront_id', models.BigIntegerField(blank=True, null=True)),
                    ('processing', models.CharField(choices=[('sensitive', 'Sensitive'), ('automated', 'Automated'), ('provided', 'Provided'), ('abroad', 'Abroad'), ('influence', 'Influence')], max_length=12)),
                    ('assessed_on', models.DateField()),
                    ('assessed_by', models.CharField(help_text='who assessed: a person or a body, with its role', max_length=80)),
                    ('purpose', models.TextField(help_text='whether purpose and means are lawful, legitimate and necessary')),
                    ('impact', models.TextField(help_text="influence on the persons' rights, and risks to security")),
                    ('measures', models.TextField(help_text='whether the protection is lawful, effective and fits the risk')),
                    ('acceptable', models.BooleanField(help_text='the conclusion: it may go on')),
                    ('review_on', models.DateField(help_text='the day by which it is made anew')),
                    ('recorded_by', models.CharField(max_length=80)),
                    ('recorded_at', models.DateTimeField()),
                ],
                options={
                    'verbose_name': 'impact assessment',
                    'indexes': [models.Index(fields=['processing', 'storefront_id', '-assessed_on'], name='assessment_last')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('review_on__gt', models.F('assessed_on'))), name='assessment_reviewed_later'), models.CheckConstraint(condition=models.Q(models.Q(('assessed_by', ''), _negated=True), models.Q(('purpose', ''), _negated=True), models.Q(('impact', ''), _negated=True), models.Q(('measures', ''), _negated=True)), name='assessment_whole')],
                },
            ),
            migrations.CreateModel(
                name='Incident',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('number', models.CharField(max_length=40, unique=True)),
                    ('storefront_id', models.BigIntegerField(blank=True, null=True)),
                    ('kind', models.CharField(choices=[('leak', 'Leak'), ('altered', 'Altered'), ('lost', 'Lost')], max_length=10)),
                    ('title', models.CharField(help_text='what happened, in one line; names no person', max_length=200)),
                    ('state', models.CharField(choices=[('detected', 'detected'), ('assessed', 'assessed'), ('contained', 'contained'), ('reported', 'reported'), ('closed', 'closed'), ('dismissed', 'dismissed')], default='detected', max_length=12)),
                    ('severity', models.CharField(blank=True, choices=[('', 'not assessed'), ('ordinary', 'Ordinary'), ('larger', 'Larger'), ('major', 'Major'), ('extraordinary', 'Extraordinary')], default='', max_length=14)),
                    ('critical', models.BooleanField(default=False, help_text='critical information infrastructure concerned')),
                    ('detected_at', models.DateTimeField()),
                    ('window_from', models.DateTimeField()),
                    ('window_to', models.DateTimeField()),
                    ('who', models.CharField(blank=True, default='', help_text='as the access log names them', max_length=80)),
                    ('what', models.CharField(blank=True, default='', help_text='beginning of the label', max_length=80)),
                    ('persons', models.PositiveIntegerField(default=0)),
                    ('loss_fen', models.BigIntegerField(default=0)),
                    ('data_kinds', models.JSONField(blank=True, default=list)),
                    ('cause_zh', models.TextField(blank=True, default='')),
                    ('cause_en', models.TextField(blank=True, default='')),
                    ('measures_zh', models.TextField(blank=True, default='')),
                    ('measures_en', models.TextField(blank=True, default='')),
                    ('contact', models.CharField(help_text='who answers for the data, and how to reach them', max_length=300)),
                    ('persons_waived', models.TextField(blank=True, default='')),
                    ('authority_due_at', models.DateTimeField(blank=True, null=True)),
                    ('persons_due_at', models.DateTimeField(blank=True, null=True)),
                    ('final_due_at', models.DateTimeField(blank=True, null=True)),
                    ('authority_told_at', models.DateTimeField(blank=True, null=True)),
                    ('persons_told_at', models.DateTimeField(blank=True, null=True)),
                    ('final_told_at', models.DateTimeField(blank=True, null=True)),
                    ('contained_at', models.DateTimeField(blank=True, null=True)),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                    ('closing_note', models.TextField(blank=True, default='')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('state__in', ['closed', 'dismissed']), _negated=True), fields=['detected_at'], name='incident_open'), models.Index(fields=['storefront_id', 'detected_at'], name='incident_storefront')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('window_from__lte', models.F('window_to'))), name='incident_window'), models.CheckConstraint(condition=models.Q(('loss_fen__gte', 0)), name='incident_loss'), models.CheckConstraint(condition=models.Q(('state__in', ['detected', 'dismissed']), models.Q(('severity', ''), _negated=True), _connector='OR'), name='incident_assessed_has_severity')],
                },
            ),
            migrations.CreateModel(
                name='IncidentNotice',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='compliance.incident')),
                    ('storefront_id', models.BigIntegerField(null=True)),
                    ('duty', models.CharField(choices=[('authority', 'Authority'), ('persons', 'Persons'), ('final', 'Final')], max_length=10)),
                    ('version', models.PositiveSmallIntegerField()),
                    ('zh', models.TextField()),
                    ('en', models.TextField()),
                    ('sha256', models.CharField(max_length=64)),
                    ('drafted_at', models.DateTimeField()),
                    ('drafted_by', models.CharField(max_length=80)),
                    ('sent_at', models.DateTimeField(blank=True, null=True)),
                    ('sent_by', models.CharField(blank=True, default='', max_length=80)),
                    ('channel', models.CharField(blank=True, default='', help_text='to whom and by which way', max_length=200)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('incident', 'duty', 'version'), name='notice_version_once'), models.UniqueConstraint(condition=models.Q(('sent_at__isnull', False)), fields=('incident', 'duty'), name='notice_told_once'), models.CheckConstraint(condition=models.Q(models.Q(('channel', ''), ('sent_at', None), ('sent_by', '')), models.Q(('sent_at__isnull', False), models.Q(('sent_by', ''), _negated=True), models.Q(('channel', ''), _negated=True)), _connector='OR'), name='notice_told_whole')],
                },
            ),
            migrations.CreateModel(
                name='Access',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('storefront_id', models.BigIntegerField(null=True)),
                    ('who', models.CharField(max_length=80)),
                    ('what', models.CharField(max_length=80)),
                    ('ref', models.CharField(max_length=80)),
                    ('purpose', models.CharField(max_length=200)),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'verbose_name_plural': 'accesses',
                    'indexes': [models.Index(fields=['storefront_id', 'id'], name='access_storefront'), models.Index(fields=['ref'], name='access_ref')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('who', ''), _negated=True), models.Q(('purpose', ''), _negated=True)), name='access_has_a_reason')],
                },
            ),
            migrations.CreateModel(
                name='ChainLink',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('log', models.CharField(max_length=20)),
                    ('storefront_id', models.BigIntegerField()),
                    ('position', models.BigIntegerField()),
                    ('row_id', models.BigIntegerField()),
                    ('row_at', models.DateTimeField()),
                    ('prev', models.BinaryField(max_length=32)),
                    ('digest', models.BinaryField(max_length=32)),
                    ('hash', models.BinaryField(max_length=32)),
                    ('chained_at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['log', 'chained_at', 'row_id'], name='chain_settled')],
                    'constraints': [models.UniqueConstraint(fields=('log', 'storefront_id', 'position'), name='chain_one_place'), models.UniqueConstraint(fields=('log', 'row_id'), name='chain_row_once')],
                },
            ),
            migrations.CreateModel(
                name='TariffLine',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('hs_code', models.CharField(max_length=10)),
                    ('first_day', models.DateField()),
                    ('name_zh', models.CharField(max_length=200)),
                    ('mfn_rate', models.DecimalField(decimal_places=6, max_digits=7)),
                    ('provisional_rate', models.DecimalField(blank=True, decimal_places=6, max_digits=7, null=True)),
                    ('vat_rate', models.DecimalField(decimal_places=6, max_digits=7)),
                    ('excise_kind', models.CharField(choices=[('none', 'None'), ('ad_valorem', 'Ad Valorem'), ('specific', 'Specific'), ('compound', 'Compound')], default='none', max_length=10)),
                    ('excise_rate', models.DecimalField(blank=True, decimal_places=6, max_digits=7, null=True)),
                    ('excise_per_unit_fen', models.PositiveIntegerField(blank=True, null=True)),
                    ('excise_unit', models.CharField(blank=True, default='', max_length=12)),
                    ('threshold_fen_per_ml_or_g', models.PositiveIntegerField(blank=True, null=True)),
                    ('threshold_fen_per_piece', models.PositiveIntegerField(blank=True, null=True)),
                    ('source', models.CharField(max_length=200)),
                    ('link', models.CharField(blank=True, default='', max_length=300)),
                    ('confidence', models.CharField(choices=[('C', 'read in the law or the official text'), ('P', 'from a secondary source, or in part'), ('M', 'to be confirmed')], max_length=1)),
                    ('checked_on', models.DateField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('hs_code', 'first_day'), name='tariff_one_a_day'), models.CheckConstraint(condition=models.Q(('hs_code__regex', '^(\\d{8}|\\d{10})$')), name='tariff_code'), models.CheckConstraint(condition=models.Q(('mfn_rate__range', (0, 9)), ('vat_rate__range', (0, 1)), models.Q(('excise_rate', None), models.Q(('excise_rate__gt', 0), ('excise_rate__lt', 1)), _connector='OR')), name='tariff_rates'), models.CheckConstraint(condition=models.Q(models.Q(('excise_kind', 'none'), ('excise_per_unit_fen', None), ('excise_rate', None), ('excise_unit', '')), models.Q(('excise_kind', 'ad_valorem'), ('excise_per_unit_fen', None), ('excise_rate__isnull', False), ('excise_unit', '')), models.Q(('excise_kind', 'specific'), ('excise_per_unit_fen__gt', 0), ('excise_rate', None), models.Q(('excise_unit', ''), _negated=True)), models.Q(('excise_kind', 'compound'), ('excise_per_unit_fen__gt', 0), ('excise_rate__isnull', False), models.Q(('excise_unit', ''), _negated=True)), _connector='OR'), name='tariff_excise_whole')],
                },
            ),
            migrations.CreateModel(
                name='PositiveListLine',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('hs_code', models.CharField(max_length=8)),
                    ('first_day', models.DateField()),
                    ('listed', models.BooleanField(default=True)),
                    ('name_zh', models.CharField(max_length=200)),
                    ('remark', models.CharField(blank=True, default='', max_length=500)),
                    ('only_modes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=4), blank=True, default=list, size=None)),
                    ('limit_group', models.CharField(blank=True, default='', max_length=40)),
                    ('exclusion', models.CharField(blank=True, default='', max_length=300)),
                    ('source', models.CharField(max_length=200)),
                    ('link', models.CharField(blank=True, default='', max_length=300)),
                    ('confidence', models.CharField(choices=[('C', 'read in the law or the official text'), ('P', 'from a secondary source, or in part'), ('M', 'to be confirmed')], max_length=1)),
                    ('checked_on', models.DateField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('hs_code', 'first_day'), name='listing_one_a_day'), models.CheckConstraint(condition=models.Q(('hs_code__regex', '^\\d{8}$')), name='listing_code')],
                },
            ),
            migrations.CreateModel(
                name='DataKey',
                fields=[
                    ('id', models.UUIDField(default=kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('kind', models.CharField(choices=[('subject', 'Subject'), ('order', 'Order'), ('storefront', 'Storefront'), ('incident', 'Incident'), ('finding', 'Finding'), ('operator', 'Operator')], max_length=10)),
                    ('storefront_id', models.BigIntegerField(null=True)),
                    ('wrapped', models.BinaryField()),
                    ('master_key_id', models.CharField(max_length=40)),
                    ('destroy_on', models.DateField(blank=True, null=True)),
                    ('destroyed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('destroyed_at', None)), fields=['destroy_on'], name='datakey_due'), models.Index(fields=['master_key_id', 'id'], name='datakey_master')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('destroyed_at', None), models.Q(('wrapped', b''), _negated=True)), models.Q(('destroyed_at__isnull', False), ('wrapped', b'')), _connector='OR'), name='datakey_destroyed_is_empty')],
                },
            ),
            migrations.CreateModel(
                name='IncidentAffected',
                fields=[
                    ('id', models.UUIDField(default=kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='affected', to='compliance.incident')),
                    ('storefront_id', models.BigIntegerField(null=True)),
                    ('counts', models.JSONField()),
                    ('people_sealed', models.BinaryField()),
                    ('key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.datakey')),
                    ('frozen_at', models.DateTimeField()),
                    ('frozen_by', models.CharField(max_length=80)),
                ],
                options={
                    'verbose_name': 'list of persons affected',
                    'verbose_name_plural': 'lists of persons affected',
                },
            ),
            migrations.CreateModel(
                name='Person',
                fields=[
                    ('id', models.UUIDField(default=kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('number_index', models.BinaryField(max_length=33, unique=True)),
                    ('created_at', models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name='Subject',
                fields=[
                    ('id', models.UUIDField(default=kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('storefront_id', models.BigIntegerField()),
                    ('key', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='subject', to='compliance.datakey')),
                    ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='subjects', to='compliance.person')),
                    ('created_at', models.DateTimeField()),
                    ('limited_at', models.DateTimeField(blank=True, help_text='since when data is only stored', null=True)),
                    ('erased_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['storefront_id', 'id'], name='subject_storefront')],
                },
            ),
            migrations.CreateModel(
                name='Disclosure',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                    ('storefront_id', models.BigIntegerField()),
                    ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disclosures', to='compliance.subject')),
                    ('order_number', models.CharField(blank=True, default='', max_length=60)),
                    ('recipient_kind', models.CharField(choices=[('customs', 'Customs'), ('payment', 'Payment'), ('carrier', 'Carrier'), ('brand_abroad', 'Brand Abroad'), ('partner', 'Partner'), ('identity_provider', 'Identity Provider'), ('storefront', 'Storefront'), ('authority', 'Authority')], max_length=20)),
                    ('recipient', models.CharField(max_length=120)),
                    ('country', models.CharField(max_length=2)),
                    ('purpose', models.CharField(max_length=40)),
                    ('basis', models.CharField(choices=[('contract', 'Contract'), ('law', 'Law'), ('consent', 'Consent')], max_length=10)),
                    ('fields', models.JSONField(help_text='which data, by name, never what it says')),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['subject', '-id'], name='disclosure_subject'), models.Index(fields=['storefront_id', 'id'], name='disclosure_storefront')],
                },
            ),
            migrations.CreateModel(
                name='NoticeSeen',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices_seen', to='compliance.subject')),
                    ('storefront_id', models.BigIntegerField()),
                    ('kind', models.CharField(max_length=40)),
                    ('version', models.CharField(max_length=20)),
                    ('text_hash', models.CharField(max_length=64)),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'verbose_name_plural': 'notices seen',
                    'constraints': [models.UniqueConstraint(fields=('subject', 'kind', 'text_hash'), name='notice_seen_once')],
                },
            ),
            migrations.CreateModel(
                name='AllowanceAccount',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allowances', to='compliance.person')),
                    ('year', models.PositiveSmallIntegerField()),
                    ('measure', models.CharField(default='value', max_length=40)),
                    ('reserved', models.BigIntegerField(default=0)),
                    ('used', models.BigIntegerField(default=0)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('person', 'year', 'measure'), name='allowance_one_a_measure'), models.CheckConstraint(condition=models.Q(('reserved__gte', 0)), name='allowance_reserved_not_negative'), models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='allowance_used_not_negative')],
                },
            ),
            migrations.CreateModel(
                name='AllowanceEntry',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='compliance.allowanceaccount')),
                    ('order_number', models.CharField(blank=True, max_length=60)),
                    ('reference', models.CharField(blank=True, default='', max_length=80)),
                    ('kind', models.CharField(choices=[('reserve', 'Reserve'), ('use', 'Use'), ('free', 'Free'), ('restore', 'Restore'), ('reopen', 'Reopen'), ('carry_out', 'Carry Out'), ('carry_in', 'Carry In'), ('customs_more', 'Customs More'), ('customs_less', 'Customs Less')], max_length=12)),
                    ('source', models.CharField(choices=[('left', 'Left'), ('reserved', 'Reserved'), ('used', 'Used')], max_length=8)),
                    ('target', models.CharField(choices=[('left', 'Left'), ('reserved', 'Reserved'), ('used', 'Used')], max_length=8)),
                    ('amount', models.BigIntegerField()),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'verbose_name_plural': 'allowance entries',
                    'constraints': [models.UniqueConstraint(fields=('order_number', 'kind', 'reference', 'account'), name='allowance_entry_once'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='allowance_entry_positive'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'reserve'), ('source', 'left'), ('target', 'reserved')), models.Q(('kind', 'use'), ('source', 'reserved'), ('target', 'used')), models.Q(('kind', 'free'), ('source', 'reserved'), ('target', 'left')), models.Q(('kind', 'restore'), ('source', 'used'), ('target', 'left')), models.Q(('kind', 'reopen'), ('source', 'used'), ('target', 'reserved')), models.Q(('kind', 'carry_out'), ('source', 'reserved'), ('target', 'left')), models.Q(('kind', 'carry_in'), ('source', 'left'), ('target', 'reserved')), models.Q(('kind', 'customs_more'), ('source', 'left'), ('target', 'used')), models.Q(('kind', 'customs_less'), ('source', 'used'), ('target', 'left')), _connector='OR'), name='allowance_entry_moves')],
                },
            ),
            migrations.CreateModel(
                name='Judgement',
                fields=[
                    ('id', models.UUIDField(default=kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('storefront_id', models.BigIntegerField()),
                    ('subject', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='judgements', to='compliance.subject')),
                    ('order_number', models.CharField(blank=True, max_length=60, null=True)),
                    ('moment', models.CharField(choices=[('quote', 'Quote'), ('checkout', 'Checkout'), ('naming', 'Naming'), ('declare', 'Declare')], max_length=10)),
                    ('allowed', models.BooleanField()),
                    ('judged', models.JSONField(default=list, help_text='numbers of the rules that were asked')),
                    ('refusals', models.JSONField()),
                    ('figures', models.JSONField()),
                    ('edition', models.CharField(max_length=64)),
                    ('facts_sealed', models.BinaryField()),
                    ('key', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.datakey')),
                    ('decided_at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['order_number'], name='judgement_order'), models.Index(fields=['storefront_id', 'decided_at'], name='judgement_storefront')],
                },
            ),
            migrations.CreateModel(
                name='PayerCheck',
                fields=[
                    ('id', models.UUIDField(default=kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('storefront_id', models.BigIntegerField()),
                    ('order_number', models.CharField(max_length=60, unique=True)),
                    ('port', models.CharField(help_text='海关关区代码 at which the order is declared', max_length=4)),
                    ('state', models.CharField(choices=[('open', 'open'), ('renamed', 'renamed'), ('asked', 'asked'), ('same', 'same'), ('different', 'different'), ('refunding', 'refunding'), ('ended', 'ended')], default='open', max_length=10)),
                    ('opened_at', models.DateTimeField()),
                    ('asked_at', models.DateTimeField(blank=True, null=True)),
                    ('answered_at', models.DateTimeField(blank=True, null=True)),
                    ('deadline_at', models.DateTimeField(blank=True, help_text='until when the consumer may name the payer as orderer', null=True)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('state', 'different')), fields=['deadline_at'], name='payer_due'), models.Index(fields=['storefront_id', 'state'], name='payer_storefront')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'different'), _negated=True), ('deadline_at__isnull', False), _connector='OR'), name='payer_different_has_deadline')],
                },
            ),
            migrations.CreateModel(
                name='Consent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='compliance.subject')),
                    ('storefront_id', models.BigIntegerField()),
                    ('kind', models.CharField(max_length=40)),
                    ('version', models.CharField(max_length=20)),
                    ('text_hash', models.CharField(max_length=64)),
                    ('given_at', models.DateTimeField()),
                    ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('subject', 'kind'), name='consent_one_active'), models.CheckConstraint(condition=models.Q(('withdrawn_at', None), ('withdrawn_at__gte', models.F('given_at')), _connector='OR'), name='consent_withdrawn_after_given')],
                },
            ),
            migrations.CreateModel(
                name='ReferenceRate',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('currency', models.CharField(help_text='ISO 4217', max_length=3)),
                    ('first_day', models.DateField()),
                    ('cny_per_100', models.DecimalField(decimal_places=4, max_digits=14)),
                    ('source', models.CharField(max_length=200)),
                    ('link', models.CharField(blank=True, default='', max_length=300)),
                    ('confidence', models.CharField(choices=[('C', 'read in the law or the official text'), ('P', 'from a secondary source, or in part'), ('M', 'to be confirmed')], max_length=1)),
                    ('checked_on', models.DateField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('currency', 'first_day'), name='rate_one_a_day'), models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='rate_currency'), models.CheckConstraint(condition=models.Q(('cny_per_100__gt', 0)), name='rate_positive')],
                },
            ),
        ),
    ]
