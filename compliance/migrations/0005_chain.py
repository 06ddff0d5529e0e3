"""Access rows are chained, and the logs and the evidence cannot be changed by those who serve."""

from django.db import migrations, models

from kernel.append_only import forgetting, no_change


class Migration(migrations.Migration):

    dependencies = [("compliance", "0004_allowance_measures")]

    operations = [
        migrations.CreateModel(
            name="ChainLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("log", models.CharField(max_length=20)),
                ("storefront_id", models.BigIntegerField()),
                ("position", models.BigIntegerField()),
                ("row_id", models.BigIntegerField()),
                ("prev", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
                ("chained_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["log", "chained_at", "row_id"], name="chain_settled")],
                "constraints": [
                    models.UniqueConstraint(fields=("log", "storefront_id", "position"), name="chain_one_place"),
                    models.UniqueConstraint(fields=("log", "row_id"), name="chain_row_once"),
                ],
            },
        ),
        no_change("compliance_chainlink"),
        migrations.RunSQL(
            "REVOKE INSERT ON compliance_chainlink FROM web", "GRANT INSERT ON compliance_chainlink TO web"
        ),
        no_change("compliance_access"),
        no_change("compliance_judgement"),
        no_change("compliance_allowanceentry"),
        forgetting("compliance_access", column="at", years=3),
        forgetting("compliance_judgement", column="decided_at", years=5),
        forgetting("compliance_allowanceentry", column="at", years=5),
    ]
