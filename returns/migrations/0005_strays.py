"""Parcels that nobody expected are kept apart; what lay in them is never changed."""

from django.db import migrations, models

from kernel.append_only import no_change, no_delete


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0005_movements_across_the_fence'),
        ('orders', '0005_an_address_is_mended'),
        ('returns', '0004_the_way_back_is_followed'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.CreateModel(
            name='StrayParcel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=32, unique=True)),
                ('state', models.CharField(choices=[('kept', 'kept'), ('sent_back', 'sent_back'), ('refunded', 'refunded'), ('ours', 'ours'), ('closed', 'closed')], default='kept', max_length=12)),
                ('waybill', models.CharField(blank=True, default='', help_text='what stood on the parcel', max_length=64)),
                ('contents', models.CharField(blank=True, default='', help_text='what else is in it, without personal data', max_length=200)),
                ('pieces', models.PositiveIntegerField(default=0, help_text='of what else is in it')),
                ('came_on', models.DateField()),
                ('by', models.CharField(max_length=80)),
                ('at', models.DateTimeField()),
                ('note', models.CharField(blank=True, default='', help_text='what became of it', max_length=200)),
                ('order', models.ForeignKey(null=True, on_delete=models.PROTECT, related_name='+', to='orders.order')),
                ('request', models.ForeignKey(null=True, on_delete=models.PROTECT, related_name='strays', to='returns.returnrequest')),
                ('result', models.ForeignKey(help_text='by which refunded', null=True, on_delete=models.PROTECT, related_name='+', to='returns.returnrequest')),
                ('storefront', models.ForeignKey(on_delete=models.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.CreateModel(
            name='StrayPiece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grade', models.CharField(choices=[('as_new', '完好 · as new'), ('opened', '已拆封或使用 · opened or used'), ('damaged', '破损 · damaged')], max_length=8)),
                ('quantity', models.PositiveIntegerField()),
                ('line', models.ForeignKey(on_delete=models.PROTECT, related_name='+', to='orders.orderline')),
                ('lot', models.ForeignKey(on_delete=models.PROTECT, related_name='+', to='inventory.lot')),
                ('parcel', models.ForeignKey(on_delete=models.PROTECT, related_name='found', to='returns.strayparcel')),
                ('storefront', models.ForeignKey(on_delete=models.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.AddIndex(
            model_name='strayparcel',
            index=models.Index(condition=models.Q(('order__isnull', False)), fields=['order'], name='stray_of_order'),
        ),
        migrations.AddConstraint(
            model_name='straypiece',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='stray_piece_quantity'),
        ),
        no_change("returns_straypiece"),
        no_delete("returns_strayparcel"),
    ]
