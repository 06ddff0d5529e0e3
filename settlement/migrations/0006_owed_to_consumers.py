"""What is owed to consumers, whose refunds came to our own bank, until they are paid by transfer."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0005_evidence_reference'),
    ]

    operations = [
        migrations.AlterField(
            model_name='entry',
            name='kind',
            field=models.CharField(choices=[('sale', 'Sale'), ('stray', 'Stray'), ('refund', 'Refund'), ('transfer', 'Transfer'), ('fee', 'Fee'), ('payout', 'Payout'), ('difference', 'Difference'), ('settlement', 'Settlement'), ('receipt', 'Receipt')], max_length=12),
        ),
        migrations.AlterField(
            model_name='posting',
            name='account',
            field=models.CharField(choices=[('wechat', 'Wechat'), ('bank', 'Bank'), ('sales', 'Sales'), ('freight', 'Freight'), ('tax', 'Tax'), ('stray', 'Stray'), ('consumer', 'Consumer'), ('fee', 'Fee'), ('goodwill', 'Goodwill'), ('passed_on', 'Passed On'), ('abroad', 'Abroad'), ('brand', 'Brand'), ('forex', 'Forex'), ('unexplained', 'Unexplained')], max_length=12),
        ),
    ]
