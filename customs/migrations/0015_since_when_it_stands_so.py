"""A declaration says itself since when it stands in its state: no page looks it up in the events."""

from django.db import migrations, models

WRITE = """
UPDATE customs_declaration d SET state_since = coalesce(
    (SELECT max(e.at) FROM kernel_event e
     WHERE e.key = 'order:' || d.number AND e.name = 'customs_declaration.' || d.state),
    d.told_at, d.listed_at)
WHERE d.state <> 'waiting'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customs', '0014_days_are_counted'),
    ]

    operations = [
        migrations.AddField(
            model_name='declaration',
            name='state_since',
            field=models.DateTimeField(blank=True, help_text='empty until it first moves', null=True),
        ),
        migrations.RunSQL(WRITE, migrations.RunSQL.noop),
    ]
