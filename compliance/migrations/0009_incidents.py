import django.db.models.deletion
import kernel.ids
from django.db import migrations, models

from kernel.append_only import no_change

_LIST = """
CREATE TRIGGER compliance_incidentaffected_append_only BEFORE UPDATE ON compliance_incidentaffected
FOR EACH ROW EXECUTE FUNCTION compliance_refuse_change()
"""
# A draft is told once; its words never change.
_TOLD = """
CREATE TRIGGER compliance_incidentnotice_told BEFORE UPDATE ON compliance_incidentnotice
FOR EACH ROW WHEN (OLD.sent_at IS NOT NULL OR OLD.zh <> NEW.zh OR OLD.en <> NEW.en)
EXECUTE FUNCTION compliance_refuse_change()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0008_disclosure'),
    ]

    operations = [
        migrations.AlterField(
            model_name='datakey',
            name='kind',
            field=models.CharField(choices=[('subject', 'Subject'), ('order', 'Order'), ('storefront', 'Storefront'), ('incident', 'Incident')], max_length=10),
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
            name='IncidentAffected',
            fields=[
                ('id', models.UUIDField(default=kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('storefront_id', models.BigIntegerField(null=True)),
                ('counts', models.JSONField()),
                ('people_sealed', models.BinaryField()),
                ('frozen_at', models.DateTimeField()),
                ('frozen_by', models.CharField(max_length=80)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='affected', to='compliance.incident')),
                ('key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.datakey')),
            ],
            options={
                'verbose_name': 'list of persons affected',
                'verbose_name_plural': 'lists of persons affected',
            },
        ),
        migrations.CreateModel(
            name='IncidentNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
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
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='compliance.incident')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('incident', 'duty', 'version'), name='notice_version_once'), models.UniqueConstraint(condition=models.Q(('sent_at__isnull', False)), fields=('incident', 'duty'), name='notice_told_once'), models.CheckConstraint(condition=models.Q(models.Q(('channel', ''), ('sent_at', None), ('sent_by', '')), models.Q(('sent_at__isnull', False), models.Q(('sent_by', ''), _negated=True), models.Q(('channel', ''), _negated=True)), _connector='OR'), name='notice_told_whole')],
            },
        ),
        no_change("compliance_incidentaffected"),
        migrations.RunSQL(_LIST, "DROP TRIGGER compliance_incidentaffected_append_only ON compliance_incidentaffected"),
        migrations.RunSQL(_TOLD, "DROP TRIGGER compliance_incidentnotice_told ON compliance_incidentnotice"),
    ]
