"""The check of who paid ends with an order that is cancelled or wholly refunded."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0023_evidence_stays'),
    ]

    operations = [
        migrations.AlterField(
            model_name='payercheck',
            name='state',
            field=models.CharField(choices=[('open', 'open'), ('renamed', 'renamed'), ('asked', 'asked'), ('same', 'same'), ('different', 'different'), ('refunding', 'refunding'), ('ended', 'ended')], default='open', max_length=10),
        ),
    ]
