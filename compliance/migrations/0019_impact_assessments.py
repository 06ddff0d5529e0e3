"""Impact assessments are written once, and stay for three years after the day on which they were due anew."""

from django.db import migrations, models

from kernel.append_only import forgetting, no_change


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0018_judgement_key_unindexed'),
    ]

    operations = [
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
        no_change("compliance_impactassessment"),
        forgetting("compliance_impactassessment", column="review_on", years=3),
    ]
