"""What left the house is told in rows that nobody changes."""

import django.db.models.deletion
import kernel.ids
from django.db import migrations, models

from kernel.append_only import forgetting, no_change


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0007_customs_figure"),
    ]

    operations = [
        migrations.CreateModel(
            name="Disclosure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ("storefront_id", models.BigIntegerField()),
                ("order_number", models.CharField(blank=True, default="", max_length=60)),
                (
                    "recipient_kind",
                    models.CharField(
                        choices=[
                            ("customs", "Customs"),
                            ("payment", "Payment"),
                            ("carrier", "Carrier"),
                            ("brand_abroad", "Brand Abroad"),
                            ("partner", "Partner"),
                            ("identity_provider", "Identity Provider"),
                            ("storefront", "Storefront"),
                        ],
                        max_length=20,
                    ),
                ),
                ("recipient", models.CharField(max_length=120)),
                ("country", models.CharField(max_length=2)),
                ("purpose", models.CharField(max_length=40)),
                (
                    "basis",
                    models.CharField(
                        choices=[("contract", "Contract"), ("law", "Law"), ("consent", "Consent")],
                        max_length=10,
                    ),
                ),
                ("fields", models.JSONField(help_text="which data, by name, never what it says")),
                ("at", models.DateTimeField()),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disclosures",
                        to="compliance.subject",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject", "-id"], name="disclosure_subject"),
                    models.Index(fields=["storefront_id", "id"], name="disclosure_storefront"),
                ],
            },
        ),
        migrations.RunSQL(
            "CREATE TRIGGER compliance_disclosure_append_only BEFORE UPDATE ON compliance_disclosure"
            " FOR EACH ROW EXECUTE FUNCTION compliance_refuse_change()",
            "DROP TRIGGER compliance_disclosure_append_only ON compliance_disclosure",
        ),
        no_change("compliance_disclosure"),
        forgetting("compliance_disclosure", column="at", years=3),
    ]
