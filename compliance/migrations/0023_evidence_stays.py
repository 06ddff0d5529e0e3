"""Those who serve remove no rate and no check of a payer, and change of an allowance nothing but its sums."""

from django.db import migrations

from kernel.append_only import forgetting, no_delete, only_update


class Migration(migrations.Migration):
    dependencies = [("compliance", "0022_forgetting_in_steps")]

    operations = [
        no_delete("compliance_tariffline"),
        no_delete("compliance_payercheck"),
        only_update(
            "compliance_payercheck", columns=("state", "asked_at", "answered_at", "deadline_at")
        ),
        forgetting("compliance_payercheck", column="opened_at", years=5),
        only_update("compliance_allowanceaccount", columns=("reserved", "used")),
    ]
