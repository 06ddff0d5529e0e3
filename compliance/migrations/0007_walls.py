"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('compliance', '0006_tables_of_the_law_stay'),
        ('kernel', '0008_walls'),
    ]
    operations = [
        wall(
            "compliance_impactassessment",
            "compliance_incident",
            "compliance_incidentaffected",
            "compliance_incidentnotice",
            "compliance_access",
            "compliance_chainlink",
            "compliance_disclosure",
            "compliance_noticeseen",
            "compliance_subject",
            "compliance_judgement",
            "compliance_payercheck",
            "compliance_consent",
        ),
        wall("compliance_datakey", shared=True),  # a storefront's own key is older than the storefront
        migrations.RunSQL(
            "ALTER VIEW compliance_chained SET (security_invoker = true)",
            "ALTER VIEW compliance_chained RESET (security_invoker)",
        ),
    ]
