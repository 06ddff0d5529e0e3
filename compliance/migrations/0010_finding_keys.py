"""A key of its own seals each finding of an identity check."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0009_incidents"),
    ]

    operations = [
        migrations.AlterField(
            model_name="datakey",
            name="kind",
            field=models.CharField(
                choices=[
                    ("subject", "Subject"),
                    ("order", "Order"),
                    ("storefront", "Storefront"),
                    ("incident", "Incident"),
                    ("finding", "Finding"),
                ],
                max_length=10,
            ),
        ),
    ]
