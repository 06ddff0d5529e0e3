"""A connection may name the warehouses that the partner serves; a notice says which one it is of."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('partners', '0004_acknowledgements'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='warehouses',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, help_text='codes of the warehouses it serves here; none: all', size=None),
        ),
        migrations.AddField(
            model_name='notice',
            name='warehouse',
            field=models.CharField(blank=True, default='', help_text='code of the warehouse whose it is', max_length=40),
        ),
    ]
