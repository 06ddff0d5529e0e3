"""A consumer can name who paid an order in their place; what is asked of the provider says of whom."""

import django.db.models.deletion
import kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0025_naming_the_payer'),
        ('customers', '0006_identity_pair'),
        ('storefronts', '0003_declarations'),
    ]

    operations = [
        migrations.CreateModel(
            name='NamedPayer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('order_number', models.CharField(max_length=32)),
                ('name_sealed', models.BinaryField()),
                ('number_sealed', models.BinaryField()),
                ('pair_index', models.BinaryField(max_length=33, null=True)),
                ('state', models.CharField(choices=[('asked', 'asked'), ('verified', 'verified'), ('rejected', 'rejected'), ('taken', 'taken'), ('refused', 'refused'), ('dropped', 'dropped')], default='asked', max_length=10)),
                ('confirmed_version', models.CharField(max_length=20)),
                ('confirmed_hash', models.CharField(max_length=64)),
                ('named_at', models.DateTimeField()),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='named_payers', to='customers.customer')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.person')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.AddField(
            model_name='identityattempt',
            name='named',
            field=models.ForeignKey(blank=True, help_text='of another person, whom the customer named', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="customers.namedpayer"),
        ),
        migrations.AddIndex(
            model_name='namedpayer',
            index=models.Index(fields=['order_number'], name='named_of_order'),
        ),
        migrations.AddConstraint(
            model_name='namedpayer',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['asked', 'verified'])), fields=('order_number',), name='named_one_open'),
        ),
        migrations.AddConstraint(
            model_name='namedpayer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('pair_index__isnull', False), ('state__in', ['asked', 'verified']), models.Q(('name_sealed', b''), _negated=True), models.Q(('number_sealed', b''), _negated=True)), models.Q(models.Q(('state__in', ['asked', 'verified']), _negated=True), ('ended_at__isnull', False), ('name_sealed', b''), ('number_sealed', b''), ('pair_index', None)), _connector='OR'), name='named_sealed_while_open'),
        ),
        migrations.AddConstraint(
            model_name='namedpayer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('person__isnull', False), ('state__in', ['verified', 'taken']), ('verified_at__isnull', False)), models.Q(models.Q(('state__in', ['verified', 'taken']), _negated=True), ('person', None)), _connector='OR'), name='named_person_when_verified'),
        ),
    ]
