"""A variant may carry the ground on which the 7-day return can be given up."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_law_of_goods'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='variant',
            name='return_exclusion',
            field=models.CharField(blank=True, choices=[('opened', '拆封影响安全健康或品质 · unsafe or changed once opened'), ('activated', '激活试用后贬值较大 · loses its value once activated'), ('near_expiry', '临期或有瑕疵 · near expiry or defective'), ('custom_made', '定作商品 · made to order')], default='', help_text='ground on which the consumer may give up the 7-day return, line by line', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='variant',
            constraint=models.CheckConstraint(condition=models.Q(('return_exclusion__in', ['', 'opened', 'activated', 'near_expiry', 'custom_made'])), name='variant_return_exclusion'),
        ),
    ]
