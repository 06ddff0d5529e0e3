"""One lot number under two inbound lists is two rows; what was picked lies in boxes, and leaves in parts."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0003_bonded_warehouses_have_their_book'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='lot',
            name='lot_once',
        ),
        migrations.AddField(
            model_name='pick',
            name='box',
            field=models.CharField(blank=True, default='', help_text='empty: packed in none yet', max_length=80),
        ),
        migrations.AddField(
            model_name='reservation',
            name='shipped',
            field=models.PositiveIntegerField(default=0, help_text='pieces of it that have left'),
        ),
        migrations.AddIndex(
            model_name='pick',
            index=models.Index(condition=models.Q(('box', ''), _negated=True), fields=['box'], name='pick_box'),
        ),
        migrations.AddConstraint(
            model_name='lot',
            constraint=models.UniqueConstraint(fields=('stock', 'code', 'inbound_list'), name='lot_once'),
        ),
        migrations.RunSQL(
            "UPDATE inventory_reservation SET shipped = quantity WHERE state = 'shipped'",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='reservation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('shipped', 0), ('state__in', ['held', 'released'])), models.Q(('shipped__lt', models.F('quantity')), ('state', 'picked')), models.Q(('shipped', models.F('quantity')), ('state', 'shipped')), _connector='OR'), name='reservation_in_parts'),
        ),
    ]
