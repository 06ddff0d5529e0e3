"""A refund is worked on by one at a time, and remembers that it was asked for as all that was left."""

from django.db import migrations, models

# Only all that is left gives back money of a line without a piece.
_WHOLE = """
UPDATE payments_refund SET whole = true WHERE kind IN ('cancellation', 'stray')
    OR id IN (SELECT refund_id FROM payments_refundline WHERE quantity = 0)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0018_money_rows_stay'),
    ]

    operations = [
        migrations.AddField(
            model_name='refund',
            name='held_until',
            field=models.DateTimeField(blank=True, help_text='until when one try or redirection has it for itself', null=True),
        ),
        migrations.AddField(
            model_name='refund',
            name='whole',
            field=models.BooleanField(db_default=False, default=False, help_text='asked for as all that was left, not piece by piece'),
        ),
        migrations.RunSQL(_WHOLE, migrations.RunSQL.noop),
        migrations.RunSQL('GRANT UPDATE (held_until) ON payments_refund TO web, worker', migrations.RunSQL.noop),
    ]
