"""Of pieces that came late some had been refunded before."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_walls'),
        ('orders', '0007_days_are_counted'),
        ('returns', '0008_strays_name_their_return'),
        ('storefronts', '0005_foureyes'),
    ]

    operations = [
        migrations.AddField(
            model_name='returnline',
            name='refunded',
            field=models.PositiveIntegerField(default=0, help_text='pieces of it that were refunded before they came: put away, not refunded again'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.CheckConstraint(condition=models.Q(('refunded__lte', models.F('quantity'))), name='return_line_refunded'),
        ),
    ]
