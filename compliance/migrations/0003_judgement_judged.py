from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0002_append_only")]

    operations = [
        migrations.AddField(
            model_name="judgement",
            name="judged",
            field=models.JSONField(default=list, help_text="numbers of the rules that were asked"),
        ),
    ]
