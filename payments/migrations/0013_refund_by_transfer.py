"""Whose bank card took an abnormal refund, and the transfer that paid the consumer where it was our own."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0010_only_of_those_erased'),
        ('payments', '0012_silent_declarations'),
        ('storefronts', '0003_declarations'),
    ]

    operations = [
        migrations.AddField(
            model_name='refund',
            name='redirected_to',
            field=models.CharField(blank=True, choices=[('consumer', 'Consumer'), ('merchant', 'Merchant')], db_default='', default='', help_text="whose bank card takes what the payer's account did not", max_length=10),
        ),
        migrations.AddField(
            model_name='refund',
            name='transfer_reference',
            field=models.CharField(blank=True, db_default='', default='', help_text="the bank's number of the transfer to the consumer", max_length=80),
        ),
        migrations.AddField(
            model_name='refund',
            name='transferred_at',
            field=models.DateTimeField(blank=True, help_text="the bank's day of the transfer to the consumer", null=True),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('transfer_reference', ''), ('transferred_at__isnull', True)), models.Q(('redirected_to', 'merchant'), ('state', 'succeeded'), ('transferred_at__isnull', False), models.Q(('transfer_reference', ''), _negated=True)), _connector='OR'), name='refund_transferred_whole'),
        ),
    ]
