"""What this app holds about people: the operators, how they log in, and whom to reach at a legal party."""

from __future__ import annotations

from axes.models import AccessAttempt, AccessFailureLog, AccessLog

from compliance.holdings import Holding, Keeping
from compliance.personal_fields import PersonalField
from storefronts.models import OperatorSession, PushedMessage


def _field(model: str, field: str, purpose: str) -> PersonalField:
    return PersonalField(
        model=f"storefronts.{model}",
        field=field,
        klass="ordinary",
        purpose=purpose,
        basis="contract",
        retention="as long as the operator works here or the party answers for the storefront",
        export="by the platform, on request",
        erase="by the platform, when the work ends; what an operator did stays under the name of the account",
    )


FIELDS = (
    _field("Operator", "username", "to log in, and to tell who did what"),
    _field("Operator", "first_name", "to address the operator"),
    _field("Operator", "last_name", "to address the operator"),
    _field("Operator", "email", "to reach the operator"),
    _field("Operator", "password", "to log in; a salted hash"),
    _field("Operator", "let_in_by", "that nobody agrees with themselves under two names"),
    _field("LegalParty", "contact", "to reach whoever answers for the storefront"),
)
_SESSION = tuple(
    PersonalField(
        model="storefronts.OperatorSession",
        field=field,
        klass="ordinary",
        purpose=purpose,
        basis="contract",
        retention="until the session is over, twelve hours at most",
        export="shown to the operator under their account",
        erase="goes with the session",
    )
    for field, purpose in (
        ("address", "that an operator and the owner see from where an account is used"),
        ("browser", "that an operator tells one session from another"),
    )
)
_LOGINS = tuple(
    PersonalField(
        model=f"axes.{model}",
        field=field,
        klass="ordinary",
        purpose=purpose,
        basis="law",
        retention="the days of the figure retention/login_days",
        export="by the platform, on request",
        erase="goes on its day: the law wants the log for so long",
    )
    for model in ("AccessAttempt", "AccessFailureLog", "AccessLog")
    for field, purpose in (
        ("username", "to tell who logged in, or was tried out"),
        ("ip_address", "to lock out whoever tries out passwords, and to see from where an account was used"),
        ("user_agent", "to tell one log-in from another"),
    )
)
_WORDS = PersonalField(
    model="storefronts.PushedMessage",
    field="content",
    klass="ordinary",
    purpose="to take in what WeChat told the mini-program's server, a complaint above all; it opens with the"
    " push key to who complains, their telephone and words",
    basis="contract",
    retention="until it is taken in, as a rule at once; thirty days at most",
    export="the complaint itself is exported, not the message",
    erase="goes when it is taken in; what cannot be read goes on its day",
)
_DIGEST = PersonalField(
    model="storefronts.PushedMessage",
    field="digest",
    klass="pseudonym",
    purpose="to take a message in once; it cannot be read back",
    basis="contract",
    retention="thirty days",
    export="not exported: it says nothing",
    erase="goes on its day",
)
HOLDING = Holding(
    app="storefronts",
    fields=(*FIELDS, *_SESSION, *_LOGINS, _WORDS, _DIGEST),
    keeping=(
        Keeping(
            "storefronts.messages",
            {"zh": "微信推送消息", "en": "messages that WeChat pushed"},
            lambda before: PushedMessage.objects.filter(received_at__lt=before),
            "receipt_days",
        ),
        Keeping(
            "storefronts.sessions",
            {"zh": "已结束的登录会话", "en": "sessions of operators that are over"},
            lambda before: OperatorSession.objects.filter(expire_date__lte=before),
        ),
        Keeping(
            "storefronts.logins",
            {"zh": "操作员登录记录", "en": "log-ins of operators"},
            lambda before: AccessLog.objects.filter(attempt_time__lt=before),
            "login_days",
        ),
        Keeping(
            "storefronts.failures",
            {"zh": "操作员登录失败记录", "en": "failed log-ins of operators"},
            lambda before: AccessFailureLog.objects.filter(attempt_time__lt=before),
            "login_days",
        ),
        Keeping(
            "storefronts.attempts",
            {"zh": "操作员登录尝试与锁定", "en": "attempts to log in, which lock a name"},
            lambda before: AccessAttempt.objects.filter(attempt_time__lt=before),
            "login_days",
            along=("axes.AccessAttemptExpiration",),
        ),
    ),
)
