"""Tariff and positive list are loaded by the owner; a reference rate is added by the worker and stays.

What is corrected of any of them, the owner loads (`manage.py load_tariff`, `load_positive_list`, `load_rates`).
"""

from django.db import migrations

from kernel.append_only import no_change, not_web, owner_alone


class Migration(migrations.Migration):
    dependencies = [
        ('compliance', '0005_forgetting'),
    ]

    operations = [
        owner_alone("compliance_positivelistline"),
        owner_alone("compliance_tariffline"),
        no_change("compliance_referencerate"),
        not_web("INSERT", "compliance_referencerate"),
    ]
