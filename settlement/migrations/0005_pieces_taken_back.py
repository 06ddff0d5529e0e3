"""The entry of pieces that were named for a refund is taken back by another one, as a correction is."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0004_doors'),
        ('payments', '0007_named_pieces'),
        ('settlement', '0004_batches_begin_as_drafts'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='entry',
            name='entry_reverses_corrections',
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.CheckConstraint(condition=models.Q(('reverses__isnull', True), models.Q(('kind', 'correction'), models.Q(('difference__isnull', False), ('refund__isnull', False), _connector='OR')), _connector='OR'), name='entry_reverses_corrections'),
        ),
    ]
