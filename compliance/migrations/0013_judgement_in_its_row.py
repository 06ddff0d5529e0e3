"""A judgement is a few kilobytes and mostly sealed: it stays in its row, neither squeezed nor put aside."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("compliance", "0012_positive_list")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE compliance_judgement SET (toast_tuple_target = 8160)",
            "ALTER TABLE compliance_judgement RESET (toast_tuple_target)",
        )
    ]
