"""What beat wakes, and how often; a call that is still waiting when its time is over is not made."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "deliver events": {"task": "backend.tasks.deliver", "schedule": 1.0, "options": {"expires": 2}},
    "expire unpaid orders": {"task": "orders.tasks.expire", "schedule": 2.0, "options": {"expires": 4}},
    "look at the days of lots": {"task": "inventory.tasks.look_at_lots", "schedule": crontab(minute="1,31")},
    "release what was held long enough": {"task": "inventory.tasks.release_overdue", "schedule": 10.0},
    "sweep payments": {"task": "payments.tasks.sweep", "schedule": 10.0, "options": {"expires": 20}},
    "go on with refunds": {
        "task": "payments.tasks.sweep_refunds",
        "schedule": 10.0,
        "options": {"expires": 20},
    },
    "fetch and match bills": {
        "task": "payments.tasks.bills",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 240},
    },
    "declare payments to customs": {
        "task": "payments.tasks.declare",
        "schedule": 10.0,
        "options": {"expires": 20},
    },
    "declare orders to customs": {
        "task": "customs.tasks.declare",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "hear what customs answers": {
        "task": "customs.tasks.receive",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "give customs what it asked for": {
        "task": "customs.tasks.give_data",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "look again at what customs told too early": {
        "task": "customs.tasks.look_again",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 600},
    },
    "remind of tax that is due": {
        "task": "customs.tasks.taxes_due",
        "schedule": crontab(minute="*/15"),
        "options": {"expires": 600},
    },
    "compare account books with the shelves": {
        "task": "customs.tasks.compare_books",
        "schedule": crontab(hour=18, minute=20),  # UTC: at night in China
    },
    "count the days that moved": {
        "task": "reporting.tasks.count_days",
        "schedule": 10.0,
        "options": {"expires": 20},
    },
    "move returns on": {"task": "returns.tasks.sweep", "schedule": 60.0, "options": {"expires": 120}},
    "follow returns on their way": {
        "task": "returns.tasks.follow",
        "schedule": 300.0,
        "options": {"expires": 600},
    },
    "watch returns by lot": {"task": "returns.tasks.watch_lots", "schedule": crontab(hour=19, minute=10)},
    "hear of parcels and releases": {
        "task": "customs.tasks.follow",
        "schedule": 5.0,  # nobody is asked unless CARRIER and CLEARANCE name someone
        "options": {"expires": 10},
    },
    "tell WeChat of shipping": {
        "task": "logistics.tasks.tell_wechat",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "compare shipping with WeChat": {
        "task": "logistics.tasks.compare_with_wechat",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "go on with waybills": {"task": "logistics.tasks.go_on", "schedule": 5.0, "options": {"expires": 10}},
    "verify stated identities": {
        "task": "customers.tasks.verify_identities",
        "schedule": 2.0,
        "options": {"expires": 4},
    },
    "poll complaints": {
        "task": "payments.tasks.poll_complaints",
        "schedule": 300.0,
        "options": {"expires": 600},
    },
    "answer complaints": {
        "task": "payments.tasks.answer_complaints",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "be told of complaints": {"task": "payments.tasks.be_told_of_complaints", "schedule": 3600.0},
    "put planned prices in force": {
        "task": "catalog.tasks.apply_price_changes",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "follow price cuts": {
        "task": "catalog.tasks.refresh_due_prices",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "chain the logs": {"task": "compliance.tasks.chain", "schedule": 1.0, "options": {"expires": 2}},
    "keep the ends of the logs": {"task": "compliance.tasks.keep_heads", "schedule": 3600.0},
    "give up orders that another one paid": {
        "task": "compliance.tasks.refund_overdue_payers",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "carry allowances into the new year": {
        "task": "compliance.tasks.carry_allowances",
        "schedule": crontab(minute="0"),  # at midnight in Shanghai, and once more for who came late
    },
    "watch the clocks of incidents": {
        "task": "compliance.tasks.watch",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "watch impact assessments": {
        "task": "compliance.tasks.watch_impact",
        "schedule": crontab(hour=0, minute=10),  # UTC: in the morning in China
    },
    "watch the age of exchange rates": {
        "task": "storefronts.tasks.watch_reference_rates",
        "schedule": crontab(minute="30"),
    },
    "fetch platform certificates": {
        "task": "storefronts.tasks.refresh_platform_keys",
        "schedule": 10.0,  # looks who is due: twelve hours after the last time, or an unknown serial came
        "options": {"expires": 20},
    },
    "watch the keys of WeChat Pay": {
        "task": "storefronts.tasks.watch_pay_keys",
        "schedule": crontab(minute="40"),
    },
    "fetch the central parity": {
        "task": "settlement.tasks.fetch_parity",
        "schedule": crontab(minute="*/15", hour="1-10", day_of_week="mon-fri"),  # UTC: from 9:15 in Shanghai
        "options": {"expires": 600},
    },
    "watch what institutions and banks owe": {
        "task": "settlement.tasks.watch",
        "schedule": crontab(hour=0, minute=40),  # UTC: in the morning in China
    },
    "look no more at what has gone abroad": {
        "task": "settlement.tasks.let_go",
        "schedule": crontab(hour=18, minute=50),  # UTC: at night in China
    },
    "look into partners' folders": {
        "task": "partner_api.tasks.look_into_folders",
        "schedule": 10.0,  # none are unless PARTNER_FOLDERS says where
        "options": {"expires": 10},
    },
    "forget tokens and nonces that are over": {
        "task": "partners.tasks.sweep",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 600},
    },
    "let go of what has had its day": {
        "task": "backend.tasks.forget",
        "schedule": crontab(hour=19, minute=20),  # UTC: at night in China
    },
}
