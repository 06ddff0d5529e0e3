"""The way back that the seller owes, as it was paid: once, by one transfer."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_days_are_counted'),
        ('payments', '0011_days_are_counted'),
        ('returns', '0009_refunded_before_it_came'),
        ('storefronts', '0005_foureyes'),
    ]

    operations = [
        migrations.AddField(
            model_name='returnrequest',
            name='way_fen',
            field=models.BigIntegerField(default=0, help_text='paid to the consumer for the way back'),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='way_paid_on',
            field=models.DateField(blank=True, help_text='day of that transfer', null=True),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='way_reference',
            field=models.CharField(blank=True, default='', help_text='number of that transfer at the bank or WeChat', max_length=64),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('way_reference', ''), _negated=True), fields=('storefront', 'way_reference'), name='return_way_reference_once'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('way_fen', 0), ('way_paid_on', None), ('way_reference', '')), models.Q(('seller_pays', True), ('way_fen__gt', 0), ('way_paid_on__isnull', False), models.Q(('way_reference', ''), _negated=True)), _connector='OR'), name='return_way_paid_whole'),
        ),
    ]
