"""A year is counted in several measures, and every movement says from which bucket to which."""

from functools import reduce
from operator import or_

from django.db import migrations, models
from django.db.models import Q

MOVES = {
    "reserve": ("left", "reserved"),
    "use": ("reserved", "used"),
    "free": ("reserved", "left"),
    "restore": ("used", "left"),
    "carry_out": ("reserved", "left"),
    "carry_in": ("left", "reserved"),
}
BUCKETS = [("left", "Left"), ("reserved", "Reserved"), ("used", "Used")]
KINDS = [(kind, kind.replace("_", " ").title()) for kind in ("reserve", "use", "free", "restore")]
KINDS += [("carry_out", "Carry Out"), ("carry_in", "Carry In")]

_FILL = "ALTER TABLE compliance_allowanceentry DISABLE TRIGGER compliance_allowanceentry_append_only;" + "".join(
    f"UPDATE compliance_allowanceentry SET source = '{source}', target = '{target}' WHERE kind = '{kind}';"
    for kind, (source, target) in MOVES.items()
) + "ALTER TABLE compliance_allowanceentry ENABLE TRIGGER compliance_allowanceentry_append_only;"


class Migration(migrations.Migration):
    dependencies = [("compliance", "0003_judgement_judged")]

    operations = [
        migrations.RemoveConstraint("allowanceaccount", "allowance_one_a_year"),
        migrations.RemoveConstraint("allowanceaccount", "allowance_reserved_not_negative"),
        migrations.RemoveConstraint("allowanceaccount", "allowance_used_not_negative"),
        migrations.RemoveConstraint("allowanceentry", "allowance_entry_once"),
        migrations.RemoveConstraint("allowanceentry", "allowance_ends_once"),
        migrations.RemoveConstraint("allowanceentry", "allowance_entry_positive"),
        migrations.RenameField("allowanceaccount", "reserved_fen", "reserved"),
        migrations.RenameField("allowanceaccount", "used_fen", "used"),
        migrations.RenameField("allowanceentry", "amount_fen", "amount"),
        migrations.AddField(
            "allowanceaccount", "measure", models.CharField(default="value", max_length=40)
        ),
        migrations.AddField(
            "allowanceentry", "reference", models.CharField(blank=True, default="", max_length=80)
        ),
        migrations.AddField(
            "allowanceentry",
            "source",
            models.CharField(choices=BUCKETS, default="", max_length=8),
            preserve_default=False,
        ),
        migrations.AddField(
            "allowanceentry",
            "target",
            models.CharField(choices=BUCKETS, default="", max_length=8),
            preserve_default=False,
        ),
        migrations.AlterField("allowanceentry", "kind", models.CharField(choices=KINDS, max_length=10)),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "allowanceaccount",
            models.UniqueConstraint(fields=["person", "year", "measure"], name="allowance_one_a_measure"),
        ),
        migrations.AddConstraint(
            "allowanceaccount",
            models.CheckConstraint(name="allowance_reserved_not_negative", condition=Q(reserved__gte=0)),
        ),
        migrations.AddConstraint(
            "allowanceaccount",
            models.CheckConstraint(name="allowance_used_not_negative", condition=Q(used__gte=0)),
        ),
        migrations.AddConstraint(
            "allowanceentry",
            models.UniqueConstraint(
                fields=["order_number", "kind", "reference", "account"], name="allowance_entry_once"
            ),
        ),
        migrations.AddConstraint(
            "allowanceentry",
            models.CheckConstraint(name="allowance_entry_positive", condition=Q(amount__gt=0)),
        ),
        migrations.AddConstraint(
            "allowanceentry",
            models.CheckConstraint(
                name="allowance_entry_moves",
                condition=reduce(or_, (Q(kind=kind, source=s, target=t) for kind, (s, t) in MOVES.items())),
            ),
        ),
    ]
