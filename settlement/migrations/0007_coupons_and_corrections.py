"""Free coupons of WeChat Pay, and entries that correct a difference of a bill."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0014_more_differences'),
        ('settlement', '0006_owed_to_consumers'),
    ]

    operations = [
        migrations.AddField(
            model_name='entry',
            name='difference',
            field=models.ForeignKey(help_text='that it corrects', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.billdifference'),
        ),
        migrations.AlterField(
            model_name='entry',
            name='kind',
            field=models.CharField(choices=[('sale', 'Sale'), ('stray', 'Stray'), ('refund', 'Refund'), ('transfer', 'Transfer'), ('fee', 'Fee'), ('coupon', 'Coupon'), ('payout', 'Payout'), ('difference', 'Difference'), ('correction', 'Correction'), ('settlement', 'Settlement'), ('receipt', 'Receipt')], max_length=12),
        ),
        migrations.AlterField(
            model_name='posting',
            name='account',
            field=models.CharField(choices=[('wechat', 'Wechat'), ('bank', 'Bank'), ('sales', 'Sales'), ('freight', 'Freight'), ('tax', 'Tax'), ('stray', 'Stray'), ('consumer', 'Consumer'), ('fee', 'Fee'), ('coupon', 'Coupon'), ('goodwill', 'Goodwill'), ('passed_on', 'Passed On'), ('abroad', 'Abroad'), ('brand', 'Brand'), ('forex', 'Forex'), ('other', 'Other'), ('unexplained', 'Unexplained')], max_length=12),
        ),
    ]
