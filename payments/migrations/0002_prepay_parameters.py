"""An attempt keeps what was first told to WeChat, so that every retry tells the same."""

from django.db import migrations, models
from django.utils import timezone

TOLD = "as first told to WeChat"


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [
        migrations.AddField(
            "payment",
            "description",
            models.CharField(default="", help_text=TOLD, max_length=127),
            preserve_default=False,
        ),
        migrations.AddField(
            "payment",
            "notify_url",
            models.CharField(default="", help_text=TOLD, max_length=255),
            preserve_default=False,
        ),
        migrations.AddField(
            "payment",
            "time_expire",
            models.DateTimeField(default=timezone.now, help_text=TOLD),
            preserve_default=False,
        ),
    ]
