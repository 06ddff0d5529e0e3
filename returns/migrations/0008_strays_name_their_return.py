"""A parcel that became ours by a return names it: what names none was refunded by hand and graded of nothing."""

from django.db import migrations

NAME = "UPDATE returns_strayparcel SET result_id = request_id WHERE state = 'ours' AND request_id IS NOT NULL"
UNNAME = "UPDATE returns_strayparcel SET result_id = NULL WHERE state = 'ours'"


class Migration(migrations.Migration):
    dependencies = [("returns", "0007_days_are_counted")]
    operations = [migrations.RunSQL(NAME, UNNAME)]
