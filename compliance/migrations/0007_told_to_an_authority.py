from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0006_tables_of_the_law_stay")]

    operations = [
        migrations.AlterField(
            model_name="disclosure",
            name="recipient_kind",
            field=models.CharField(
                choices=[
                    ("customs", "Customs"),
                    ("payment", "Payment"),
                    ("carrier", "Carrier"),
                    ("brand_abroad", "Brand Abroad"),
                    ("partner", "Partner"),
                    ("identity_provider", "Identity Provider"),
                    ("storefront", "Storefront"),
                    ("authority", "Authority"),
                ],
                max_length=20,
            ),
        ),
    ]
