"""What a refund keeps back: tax that customs does not give up, and what used goods lost of their price."""

import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0005_an_address_is_mended'),
        ('payments', '0007_named_pieces'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='refund',
            name='refund_amount',
        ),
        migrations.AddField(
            model_name='refund',
            name='deducted_fen',
            field=models.BigIntegerField(db_default=0, default=0, help_text="kept back of the goods' price, because they were used"),
        ),
        migrations.AddField(
            model_name='refund',
            name='tax_kept_fen',
            field=models.BigIntegerField(db_default=0, default=0, help_text='of the lost tax what the consumer bears'),
        ),
        migrations.AddField(
            model_name='refund',
            name='tax_lost_fen',
            field=models.BigIntegerField(db_default=0, default=0, help_text='of the tax what customs does not give up'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('goods_fen'), '-', models.F('discount_fen')), '+', models.F('freight_fen')), '+', models.F('tax_fen')), '+', models.F('other_fen')), '-', models.F('spared_fen')), '-', models.F('tax_kept_fen')), '-', models.F('deducted_fen'))), ('amount_fen__gt', 0), ('deducted_fen__gte', 0), ('deducted_fen__lte', models.F('goods_fen')), ('discount_fen__gte', 0), ('freight_fen__gte', 0), ('goods_fen__gte', 0), ('other_fen__gte', 0), ('spared_fen__gte', 0), ('tax_fen__gte', 0), ('tax_kept_fen__gte', 0), ('tax_kept_fen__lte', models.F('tax_lost_fen')), ('tax_lost_fen__lte', models.F('tax_fen'))), name='refund_amount'),
        ),
    ]
