"""Lines of a refund may be named for it afterwards, and taken back by rows with the other signs."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0004_doors'),
        ('payments', '0006_what_waits_stays'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='refundline',
            name='refund_line_once',
        ),
        migrations.AddField(
            model_name='refundline',
            name='turn',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='0: asked for; odd: named by an accountant; even: that was taken back'),
        ),
        migrations.AlterField(
            model_name='refundline',
            name='quantity',
            field=models.IntegerField(help_text='0: a part of the money, no piece'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.UniqueConstraint(fields=('refund', 'line', 'turn'), name='refund_line_once'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 0), models.Q(('quantity__lt', 0), ('turn__gt', 0)), _connector='OR'), name='refund_line_signs'),
        ),
    ]
