"""A key of the vault may be of an operator, and seal the secret of their telephone."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0008_walls'),
    ]

    operations = [
        migrations.AlterField(
            model_name='datakey',
            name='kind',
            field=models.CharField(choices=[('subject', 'Subject'), ('order', 'Order'), ('storefront', 'Storefront'), ('incident', 'Incident'), ('finding', 'Finding'), ('operator', 'Operator')], max_length=10),
        ),
    ]
