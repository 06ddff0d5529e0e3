"""What compliance does for the apps above it; each verb in the module of its subject."""

from compliance.services.allowance import (
    AllowanceBusy,
    MoreThanUsed,
    allowance_carry,
    allowance_free,
    allowance_lessen,
    allowance_reopen,
    allowance_reserve,
    allowance_restore,
    allowance_use,
)
from compliance.services.allowance_books import lock_people as allowance_hold
from compliance.services.allowance_passing import allowance_pass_on
from compliance.services.consent import (
    ConsentNeeded,
    NotCurrent,
    UnknownConsent,
    give_consent,
    withdraw_consent,
)
from compliance.services.disclosure import disclose
from compliance.services.judgement import record_judgement
from compliance.services.limit import ProcessingLimited, lift_limit, limit_processing, refuse_limited
from compliance.services.payer import (
    RenameTooLate,
    answer_payer,
    ask_payer,
    end_payer_check,
    open_payer_check,
    refund_overdue_payers,
    refund_payer,
    rename_orderer,
)
from compliance.services.reconcile import allowance_reconcile, used_according_to
from compliance.services.subject import begin_erasure, create_subject, link_person, person_of
from compliance.vault import destroy_key, insert_key

__all__ = [
    "AllowanceBusy",
    "ConsentNeeded",
    "MoreThanUsed",
    "NotCurrent",
    "ProcessingLimited",
    "RenameTooLate",
    "UnknownConsent",
    "allowance_carry",
    "allowance_free",
    "allowance_hold",
    "allowance_lessen",
    "allowance_pass_on",
    "allowance_reconcile",
    "allowance_reopen",
    "allowance_reserve",
    "allowance_restore",
    "allowance_use",
    "answer_payer",
    "ask_payer",
    "begin_erasure",
    "create_subject",
    "destroy_key",
    "disclose",
    "end_payer_check",
    "give_consent",
    "insert_key",
    "lift_limit",
    "limit_processing",
    "link_person",
    "open_payer_check",
    "person_of",
    "record_judgement",
    "refund_overdue_payers",
    "refund_payer",
    "refuse_limited",
    "rename_orderer",
    "used_according_to",
    "withdraw_consent",
]
