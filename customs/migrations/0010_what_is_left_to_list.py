"""What may still be listed out of a book is summed without looking every list of a SKU up."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_public_prices'),
        ('customs', '0009_account_books'),
        ('inventory', '0005_movements_across_the_fence'),
        ('orders', '0005_an_address_is_mended'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.AlterField(
            model_name='listedpieces',
            name='variant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant'),
        ),
        migrations.AddIndex(
            model_name='declaration',
            index=models.Index(condition=models.Q(('state__in', ('listed', 'accepted', 'review', 'inspection', 'detained', 'cancelling', 'released', 'closed')), _negated=True), fields=['id'], name='customs_takes_nothing'),
        ),
        migrations.AddIndex(
            model_name='listedpieces',
            index=models.Index(fields=['variant'], include=('declaration', 'warehouse', 'quantity', 'returned'), name='listed_pieces_taken'),
        ),
    ]
