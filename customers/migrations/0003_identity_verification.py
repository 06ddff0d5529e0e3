"""An identity leads to a person only once it is verified; attempts, findings and shares get their tables."""

import django.db.models.deletion
import kernel.ids
from django.db import migrations, models

# Until now a person was linked when a number was stated; nobody was verified.
_UNLINK = """
UPDATE compliance_subject s SET person_id = NULL
FROM customers_customer c JOIN customers_identity i ON i.customer_id = c.id
WHERE c.subject_id = s.id AND i.state <> 'verified';
UPDATE customers_identity SET person_id = NULL WHERE state <> 'verified';
"""
_LINK = """
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO compliance_person (id, number_index, created_at)
SELECT DISTINCT ON (number_index) gen_random_uuid(), number_index, stated_at
FROM customers_identity WHERE person_id IS NULL ON CONFLICT (number_index) DO NOTHING;
UPDATE customers_identity i SET person_id = p.id
FROM compliance_person p WHERE i.person_id IS NULL AND p.number_index = i.number_index;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0001_initial'),
        ('customers', '0002_session_lookup'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='IdentityAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('number_index', models.BinaryField(max_length=33)),
                ('pair_index', models.BinaryField(max_length=33)),
                ('device_index', models.BinaryField(max_length=33, null=True)),
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
        ),
        migrations.CreateModel(
            name='IdentityFinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('pair_index', models.BinaryField(max_length=33, unique=True)),
                ('answer_sealed', models.BinaryField(default=b'')),
                ('provider', models.CharField(default='', max_length=40)),
                ('request_id', models.CharField(default='', max_length=64)),
                ('asking_until', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('good_until', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='IdentityShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('code_index', models.BinaryField(max_length=33, unique=True)),
                ('made_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('redeemed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name='identity',
            name='rejected_for',
            field=models.CharField(blank=True, choices=[('differs', 'name and number do not belong together'), ('no_record', 'the authority has no record of the number'), ('malformed', 'the authority takes this for no name or no number'), ('operator', 'rejected by an operator')], default='', max_length=10),
        ),
        migrations.AlterField(
            model_name='identity',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.person'),
        ),
        migrations.AlterField(
            model_name='identity',
            name='state',
            field=models.CharField(choices=[('stated', 'well-formed, not yet checked with an authority'), ('verified', 'confirmed by an authorised provider'), ('rejected', 'refused by the provider, or by an operator')], default='stated', max_length=10),
        ),
        migrations.RunSQL(_UNLINK, _LINK),
        migrations.AddConstraint(
            model_name='identity',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('person__isnull', False), ('state', 'verified'), ('verified_at__isnull', False)), models.Q(models.Q(('state', 'verified'), _negated=True), ('person', None)), _connector='OR'), name='identity_person_when_verified'),
        ),
        migrations.AddField(
            model_name='identityattempt',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identity_attempts', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='identityattempt',
            name='storefront',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront'),
        ),
        migrations.AddField(
            model_name='identityfinding',
            name='key',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.datakey'),
        ),
        migrations.AddField(
            model_name='identityshare',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identity_shares', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='identityshare',
            name='redeemed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='identityshare',
            name='storefront',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront'),
        ),
        migrations.AddIndex(
            model_name='identityattempt',
            index=models.Index(fields=['customer', '-made_at'], name='attempt_customer'),
        ),
        migrations.AddIndex(
            model_name='identityattempt',
            index=models.Index(fields=['number_index', '-made_at'], name='attempt_number'),
        ),
        migrations.AddIndex(
            model_name='identityattempt',
            index=models.Index(condition=models.Q(('device_index__isnull', False)), fields=['device_index', '-made_at'], name='attempt_device'),
        ),
        migrations.AddIndex(
            model_name='identityattempt',
            index=models.Index(condition=models.Q(('state', 'asked')), fields=['next_try_at'], name='attempt_due'),
        ),
        migrations.AddIndex(
            model_name='identityfinding',
            index=models.Index(fields=['good_until'], name='finding_good'),
        ),
        migrations.AddConstraint(
            model_name='identityshare',
            constraint=models.UniqueConstraint(condition=models.Q(('cancelled_at', None), ('redeemed_at', None)), fields=('customer',), name='share_one_open'),
        ),
    ]
