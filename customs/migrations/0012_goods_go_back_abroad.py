"""Goods go back abroad with their papers; those who serve remove none."""

from django.db import migrations, models

from kernel.append_only import no_delete


class Migration(migrations.Migration):

    dependencies = [
        ('customs', '0011_the_sites_certificate'),
        ('inventory', '0005_movements_across_the_fence'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.CreateModel(
            name='Outbound',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=32, unique=True)),
                ('ems_no', models.CharField(help_text='账册编号', max_length=20)),
                ('state', models.CharField(choices=[('prepared', 'prepared'), ('declared', 'declared'), ('left', 'left'), ('dropped', 'dropped')], default='prepared', max_length=10)),
                ('destination', models.CharField(help_text='to whom and where abroad, a company', max_length=100)),
                ('list_no', models.CharField(blank=True, default='', help_text='核注清单编号, of the way out', max_length=18)),
                ('declaration_no', models.CharField(blank=True, default='', help_text='报关单号或备案清单号', max_length=18)),
                ('declared_on', models.DateField(blank=True, null=True)),
                ('left_on', models.DateField(blank=True, null=True)),
                ('by', models.CharField(max_length=80)),
                ('at', models.DateTimeField()),
                ('storefront', models.ForeignKey(on_delete=models.PROTECT, related_name='+', to='storefronts.storefront')),
                ('warehouse', models.ForeignKey(on_delete=models.PROTECT, related_name='+', to='inventory.warehouse')),
            ],
        ),
        migrations.CreateModel(
            name='OutboundPieces',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField()),
                ('lot', models.ForeignKey(on_delete=models.PROTECT, related_name='+', to='inventory.lot')),
                ('outbound', models.ForeignKey(on_delete=models.PROTECT, related_name='goods', to='customs.outbound')),
                ('storefront', models.ForeignKey(on_delete=models.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
            options={
                'verbose_name_plural': 'outbound pieces',
            },
        ),
        migrations.AddConstraint(
            model_name='outbound',
            constraint=models.UniqueConstraint(condition=models.Q(('list_no', ''), _negated=True), fields=('list_no',), name='outbound_list_once'),
        ),
        migrations.AddConstraint(
            model_name='outbound',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['prepared', 'dropped']), models.Q(models.Q(('list_no', ''), _negated=True), models.Q(('declaration_no', ''), _negated=True), ('declared_on__isnull', False)), _connector='OR'), name='outbound_has_papers'),
        ),
        migrations.AddConstraint(
            model_name='outbound',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'left'), _negated=True), ('left_on__isnull', False), _connector='OR'), name='outbound_left_has_day'),
        ),
        migrations.AddConstraint(
            model_name='outboundpieces',
            constraint=models.UniqueConstraint(fields=('outbound', 'lot'), name='outbound_lot_once'),
        ),
        migrations.AddConstraint(
            model_name='outboundpieces',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='outbound_pieces_quantity'),
        ),
        no_delete("customs_outbound"),
    ]
