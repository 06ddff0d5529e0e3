"""What this app holds about people, field by field, and how it is erased; how they see it is seeing.py."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Model, Q

from compliance import queries
from compliance.holdings import Holding, Keeping, Kept, Names, history, source, stays
from compliance.models import Subject
from compliance.personal_fields import Basis, Class, PersonalField
from customers.models import (
    Address,
    Customer,
    Export,
    Identity,
    IdentityAttempt,
    IdentityFinding,
    IdentityShare,
    NamedPayer,
    News,
    NewsConsent,
    Session,
)
from customers.seeing import see
from customers.services import exports, findings
from kernel.clock import shanghai_day

_KEPT = "as long as the account exists"
_SEEN = "in the copy of their data, in plain"
_GONE = "unreadable at once: the person's key is destroyed"
_INDEX_GONE = "removed with the account"
_RECIPIENTS = {
    "Customer.openid_sealed": ("payment", "partner"),
    "Identity.name_sealed": ("identity_provider",),
    "Identity.number_sealed": ("identity_provider",),
}
_CATEGORIES = {"Customer": "profile", "Address": "addresses", "Identity": "identity"}


def _field(model: str, field: str, klass: Class, purpose: str, basis: Basis = "contract") -> PersonalField:
    pseudonym = klass == "pseudonym"
    return PersonalField(
        model=f"customers.{model}",
        field=field,
        klass=klass,
        purpose=purpose,
        basis=basis,
        retention=_KEPT,
        export="not exported: it says nothing without our key" if pseudonym else _SEEN,
        erase=_INDEX_GONE if pseudonym else _GONE,
        recipients=_RECIPIENTS.get(f"{model}.{field}", ()),
        shown="" if pseudonym else _CATEGORIES[model],
    )


def _tried(field: str) -> PersonalField:
    return PersonalField(
        model="customers.IdentityAttempt",
        field=field,
        klass="pseudonym",
        purpose="to see who tries out others' numbers",
        basis="law",
        retention="the days of the figure retention/attempt_days",
        export="not given: it cannot be read back into a name or number",
        erase="kept for its days: else whoever tries out numbers would begin anew by closing the account",
    )


def _named(field: str, klass: Class, purpose: str) -> PersonalField:
    pseudonym = klass == "pseudonym"
    return PersonalField(
        model="customers.NamedPayer",
        field=field,
        klass=klass,
        purpose=purpose,
        basis="law",
        retention="until it is decided who is the orderer, at most the hours of payer/rename_hours",
        export="not given: it says nothing without our key"
        if pseudonym
        else "masked, as they are another person's",
        erase="emptied with the decision, removed with the account",
        recipients=() if pseudonym else ("identity_provider",),
        shown="" if pseudonym else "named_payers",
    )


def _found(field: str, klass: Class, export: str) -> PersonalField:
    return PersonalField(
        model="customers.IdentityFinding",
        field=field,
        klass=klass,
        purpose="not to ask, pay and disclose to the provider twice",
        basis="law",
        retention="the days of the figure identity/result_days",
        export=export,
        shown="identity" if klass == "sensitive" else "",
        erase="unreadable and removed with the last account that refers to it, or when its days are over",
    )


FIELDS = (
    _field("Customer", "openid_index", "pseudonym", "to recognise a WeChat user at log-in"),
    _field(
        "Customer",
        "openid_sealed",
        "ordinary",
        "to take payments through WeChat Pay, and to send messages that were asked for",
    ),
    _field("Customer", "phone_index", "pseudonym", "to find a caller by their number"),
    _field("Customer", "phone_sealed", "ordinary", "to reach the consumer about an order"),
    _field("Customer", "nickname_sealed", "ordinary", "to address the consumer"),
    _field("Address", "division_code", "ordinary", "to choose carrier and freight"),
    _field("Address", "name_sealed", "ordinary", "to deliver"),
    _field("Address", "phone_sealed", "ordinary", "to deliver"),
    _field("Address", "street_sealed", "ordinary", "to deliver"),
    _field("Identity", "name_sealed", "sensitive", "to declare the orderer to customs", "consent"),
    _field("Identity", "number_sealed", "sensitive", "to declare the orderer to customs", "consent"),
    _field("Identity", "number_index", "pseudonym", "to count the yearly allowance of one person", "law"),
    _field(
        "Identity", "pair_index", "pseudonym", "to keep a provider's answer while someone rests on it", "law"
    ),
    _field("Identity", "person", "pseudonym", "to count the yearly allowance of one person", "law"),
    _tried("number_index"),
    _tried("pair_index"),
    _tried("device_index"),
    _tried("openid_index"),
    _field(
        "IdentityShare", "code_index", "pseudonym", "to carry an identity to another storefront", "consent"
    ),
    _named("name_sealed", "sensitive", "to verify the payer whom the consumer names as orderer"),
    _named("number_sealed", "sensitive", "to verify the payer whom the consumer names as orderer"),
    _named("pair_index", "pseudonym", "to know the same person when named again"),
    _named("person", "pseudonym", "to judge the order by that person's year"),
    _found("pair_index", "pseudonym", "not given: it cannot be read back into a name or number"),
    _found("answer_sealed", "sensitive", "as the state of verification"),
    _field("Session", "token_hash", "pseudonym", "to recognise a logged-in phone"),
    _field("Export", "secret_hash", "pseudonym", "to know the link of a copy"),
    PersonalField(
        model="customers.Export",
        field="file",
        klass="ordinary",
        purpose="a copy of their data that the person asked for",
        basis="law",
        retention="until it was fetched, at most three days",
        export="it is the copy",
        erase="removed with the account",
    ),
)


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Nothing of the customer stays but an empty row, to which the orders that the law keeps still point."""
    customer = Customer.objects.get(subject=subject)
    names = _names_in_logs(customer)
    exports.drop_exports(list(Export.objects.select_related("file").filter(customer=customer)), now)
    Session.objects.filter(customer=customer).delete()
    findings.forget(customer=customer, now=now)
    Identity.objects.filter(customer=customer).delete()
    IdentityShare.objects.filter(customer=customer).delete()
    attempts = IdentityAttempt.objects.filter(customer=customer)
    attempts.filter(state=IdentityAttempt.State.ASKED).update(
        state=IdentityAttempt.State.OVERTAKEN, next_try_at=None
    )
    NamedPayer.objects.filter(customer=customer).delete()
    News.objects.filter(customer=customer).delete()
    NewsConsent.objects.filter(customer=customer).delete()
    Address.objects.filter(customer=customer).update(
        division_code="",
        name_sealed=b"",
        phone_sealed=b"",
        street_sealed=b"",
        is_default=False,
        removed_at=now,
    )
    Customer.objects.filter(pk=customer.pk).update(
        openid_index=None,
        openid_sealed=b"",
        phone_index=None,
        phone_sealed=None,
        nickname_sealed=None,
        language="zh",
        closed_at=now,
    )
    looks = [row.at for row in queries.accesses(refs=[key.partition(":")[2] for key in names])]
    tried = list(attempts.values_list("made_at", flat=True))
    rows = 3 + Address.objects.filter(customer=customer).count()  # the customer, the subject and its key
    found = source("order_years", shanghai_day(now))
    return [
        Kept("account", _EMPTY, rows, found.citation, None, _MODELS),
        *stays("identity_attempts", _ATTEMPTS, "attempt_days", tried, now, "customers.IdentityAttempt"),
        *stays("accesses", _LOOKS, "log_years", looks, now, "compliance.Access"),
        *history("account_history", _HISTORY, "consent_years", names, now),
    ]


_EMPTY: Names = {
    "zh": "已清空的账号编号（不含个人信息，依法保存的订单与凭证仍指向它）",
    "en": "the emptied account: a number without content, to which kept orders and records point",
}
_MODELS = ("compliance.DataKey", "compliance.Subject", "customers.Address", "customers.Customer")
_ATTEMPTS: Names = {
    "zh": "核验尝试的加密索引（防止试探他人证件号码）",
    "en": "indexes of attempts at verification, against trying out others' numbers",
}
_LOOKS: Names = {"zh": "他人访问个人信息的记录", "en": "who else opened your data"}
_HISTORY: Names = {"zh": "账号的操作记录（仅编号）", "en": "what happened to the account, by number alone"}


def _names_in_logs(customer: Customer) -> list[str]:
    """The keys under which logs tell of the customer and of what is theirs, asked before it goes."""
    found = [f"customer:{customer.public_id}"]
    own: list[tuple[str, type[Model]]] = [
        ("address", Address),
        ("identity", Identity),
        ("export", Export),
        ("naming", NamedPayer),
    ]
    for kind, model in own:
        rows = model._default_manager.filter(customer=customer).values_list("public_id", flat=True)
        found += [f"{kind}:{public_id}" for public_id in rows]
    return found + [row.event_key for row in News.objects.filter(customer=customer)]


HOLDING = Holding(
    app="customers",
    gives=(
        "profile",
        "addresses",
        "identity",
        "named_payers",
        "verifications",
        "sessions",
        "exports",
        "news_consents",
        "news",
        "accesses",
    ),
    fields=FIELDS,
    see=see,
    erase=erase,
    keeping=(
        Keeping(
            "customers.attempts",
            {"zh": "身份核验尝试", "en": "attempts at verification"},
            lambda before: IdentityAttempt.objects.filter(made_at__lt=before),
            "attempt_days",
        ),
        Keeping(
            "customers.findings",
            {"zh": "过期的核验结果", "en": "answers of the provider that are not good any more"},
            lambda before: IdentityFinding.objects.filter(
                Q(good_until__lte=before) | Q(good_until=None, asking_until__lte=before)
            ),
            let_go=findings.drop_findings,
        ),
        Keeping(
            "customers.named_payers",
            {
                "zh": "曾指定的支付人（不含姓名与号码）",
                "en": "payers who were named, without name and number",
            },
            lambda before: NamedPayer.objects.filter(ended_at__lt=before),
            "order_years",
        ),
        Keeping(
            "customers.news",
            {"zh": "已发送的订阅消息", "en": "messages about orders"},
            lambda before: News.objects.filter(made_at__lt=before),
            "message_days",
        ),
        Keeping(
            "customers.news_consents",
            {"zh": "已使用的订阅授权", "en": "consents to a message that were used"},
            lambda before: NewsConsent.objects.filter(spent_at__lt=before),
            "message_days",
        ),
        Keeping(
            "customers.sessions",
            {"zh": "已失效的登录", "en": "sessions that ended"},
            lambda before: Session.objects.filter(expires_at__lt=before),
            "session_days",
        ),
        Keeping(
            "customers.exports",
            {"zh": "过期的个人信息副本", "en": "copies that were not fetched in time, or were fetched"},
            lambda before: Export.objects.filter(expires_at__lte=before),
            let_go=exports.drop_exports,
        ),
    ),
)
