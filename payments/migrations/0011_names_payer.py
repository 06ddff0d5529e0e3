"""Whether the orderer alone can pay a payment; where WeChat does not let us, that is taken back."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0010_orders_that_money_came_for'),
    ]

    operations = [
        migrations.AddField(
            model_name='payment',
            name='names_payer',
            field=models.BooleanField(default=False, help_text='the orderer alone can pay it'),
        ),
        migrations.RunSQL(
            "GRANT UPDATE (names_payer) ON payments_payment TO web, worker",
            "REVOKE UPDATE (names_payer) ON payments_payment FROM web, worker",
        ),
    ]
