"""Money that moved unexplained, settled amounts without a coupon, and a day that the ledger tells otherwise."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0013_refund_by_transfer'),
    ]

    operations = [
        migrations.AlterField(
            model_name='billdifference',
            name='kind',
            field=models.CharField(choices=[('unknown_payment', 'Unknown Payment'), ('missing_payment', 'Missing Payment'), ('amount', 'Amount'), ('state', 'State'), ('fee', 'Fee'), ('unknown_refund', 'Unknown Refund'), ('missing_refund', 'Missing Refund'), ('refund_amount', 'Refund Amount'), ('refund_state', 'Refund State'), ('settled', 'Settled'), ('doubled', 'Doubled'), ('summary', 'Summary'), ('fund_balance', 'Fund Balance'), ('fund_sum', 'Fund Sum'), ('fund_other', 'Fund Other'), ('ledger_balance', 'Ledger Balance')], max_length=16),
        ),
    ]
