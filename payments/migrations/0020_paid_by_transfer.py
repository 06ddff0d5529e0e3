"""What our own bank pays in place of WeChat Pay, and pieces that go back without their freight."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0012_freight_of_a_province'),
        ('payments', '0019_refund_in_hand'),
        ('storefronts', '0004_pushed_messages'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='refund',
            name='refund_succeeded_whole',
        ),
        migrations.RemoveConstraint(
            model_name='refund',
            name='refund_transferred_whole',
        ),
        migrations.AddField(
            model_name='refund',
            name='freight_stays',
            field=models.BooleanField(db_default=False, default=False, help_text='pieces without their share of freight'),
        ),
        migrations.AlterField(
            model_name='refund',
            name='redirected_to',
            field=models.CharField(blank=True, choices=[('consumer', 'Consumer'), ('merchant', 'Merchant'), ('transfer', 'Transfer')], db_default='', default='', help_text="whose bank card takes what the payer's account did not", max_length=10),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), models.Q(('succeeded_at__isnull', False), models.Q(('refund_id__isnull', False), ('redirected_to', 'transfer'), _connector='OR')), _connector='OR'), name='refund_succeeded_whole'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('transfer_reference', ''), ('transferred_at__isnull', True)), models.Q(('redirected_to__in', ['merchant', 'transfer']), ('state', 'succeeded'), ('transferred_at__isnull', False), models.Q(('transfer_reference', ''), _negated=True)), _connector='OR'), name='refund_transferred_whole'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('redirected_to', 'transfer'), _negated=True), models.Q(('refund_id__isnull', True), ('state', 'succeeded'), ('transferred_at__isnull', False)), _connector='OR'), name='refund_by_transfer_whole'),
        ),
    ]
