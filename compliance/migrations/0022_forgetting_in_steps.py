"""The doors through which rows of the logs and the evidence go let go of 500 a call; the way back leaves them so."""

from django.db import migrations

from kernel.append_only import forgetting

_DOORS = {
    "compliance_access": ("at", 3),
    "compliance_disclosure": ("at", 3),
    "compliance_noticeseen": ("at", 3),
    "compliance_consent": ("withdrawn_at", 3),
    "compliance_judgement": ("decided_at", 5),
    "compliance_impactassessment": ("(review_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'", 3),
}


class Migration(migrations.Migration):
    dependencies = [("compliance", "0021_chain_of_rows_in_their_time")]

    operations = [
        migrations.RunSQL(forgetting(table, column=column, years=years).sql, migrations.RunSQL.noop)
        for table, (column, years) in _DOORS.items()
    ]
