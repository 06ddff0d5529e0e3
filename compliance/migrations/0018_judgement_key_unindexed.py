"""Nobody looks for the judgements of a key, and no key is deleted: an index that each order wrote goes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0017_chain_without_rows")]

    operations = [
        migrations.AlterField(
            "judgement",
            "key",
            models.ForeignKey(
                "compliance.datakey",
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
            ),
        )
    ]
