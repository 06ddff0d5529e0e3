"""What this app holds about people, field by field; how they see it, and how it is erased."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from compliance import masking, queries, vault
from compliance.copy_words import word
from compliance.holdings import Category, Holding, Keeping, Kept, Names, history, source, stays
from compliance.models import Subject
from compliance.personal_fields import Basis, Class, PersonalField
from customers import divisions, labels
from customers.models import (
    Address,
    Customer,
    Export,
    Identity,
    IdentityAttempt,
    IdentityFinding,
    IdentityShare,
    Session,
)
from customers.services import exports, findings
from customers.told import told
from kernel.clock import shanghai_day

_KEPT = "as long as the account exists"
_SEEN = "in the copy of their data, in plain"
_GONE = "unreadable at once: the person's key is destroyed"
_INDEX_GONE = "removed with the account"
_RECIPIENTS = {
    "Customer.openid_sealed": ("payment",),
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
    _field("Customer", "openid_sealed", "ordinary", "to take payments through WeChat Pay"),
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

_NAME: Names = {"zh": "姓名", "en": "name"}
_PHONE: Names = {"zh": "手机号", "en": "phone number"}
_MADE: Names = {"zh": "创建时间", "en": "made"}


def see(subject: Subject, now: datetime) -> list[Category]:
    """Profile, addresses, identity, sessions, copies, and who else opened these data."""
    customer = Customer.objects.get(subject=subject)
    key = vault.unwrap(subject.key)

    def opened(label: str, ref: UUID, blob: bytes | memoryview | None) -> str:
        return key.open(label, ref, bytes(blob)) if blob else ""

    addresses = list(Address.objects.filter(customer=customer, removed_at=None).order_by("id"))
    identities = list(Identity.objects.filter(customer=customer))
    refs = [customer.public_id, *(a.public_id for a in addresses), *(i.public_id for i in identities)]
    return [
        Category(
            "profile",
            {"zh": "个人资料", "en": "Profile"},
            {
                "id": {"zh": "用户编号", "en": "id"},
                "openid": {"zh": "微信标识", "en": "WeChat identifier"},
                "phone": _PHONE,
                "nickname": {"zh": "昵称", "en": "nickname"},
                "language": {"zh": "语言", "en": "language"},
                "created_at": _MADE,
                "limited_at": {"zh": "限制处理自", "en": "processing limited since"},
            },
            [
                {
                    "id": str(customer.public_id),
                    "openid": opened(labels.OPENID, customer.public_id, customer.openid_sealed),
                    "phone": opened(labels.PHONE, customer.public_id, customer.phone_sealed),
                    "nickname": opened(labels.NICKNAME, customer.public_id, customer.nickname_sealed),
                    "language": customer.language,
                    "created_at": customer.created_at,
                    "limited_at": subject.limited_at,
                }
            ],
            masks={"phone": masking.phone},
        ),
        Category(
            "addresses",
            {"zh": "收货地址", "en": "Addresses"},
            {
                "name": _NAME,
                "phone": _PHONE,
                "region": {"zh": "地区", "en": "region"},
                "street": {"zh": "详细地址", "en": "street"},
                "created_at": _MADE,
            },
            [
                {
                    "name": opened(labels.ADDRESS_NAME, row.public_id, row.name_sealed),
                    "phone": opened(labels.ADDRESS_PHONE, row.public_id, row.phone_sealed),
                    "region": " ".join(divisions.path(row.division_code)),
                    "street": opened(labels.ADDRESS_STREET, row.public_id, row.street_sealed),
                    "created_at": row.created_at,
                }
                for row in addresses
            ],
        ),
        Category(
            "identity",
            {"zh": "实名信息", "en": "Identity"},
            {
                "name": _NAME,
                "number": {"zh": "身份证号码", "en": "identity number"},
                "state": {"zh": "状态", "en": "state"},
                "stated_at": {"zh": "填写时间", "en": "stated"},
                "verified_at": {"zh": "核验时间", "en": "verified"},
            },
            [
                {
                    "name": opened(labels.IDENTITY_NAME, row.public_id, row.name_sealed),
                    "number": opened(labels.IDENTITY_NUMBER, row.public_id, row.number_sealed),
                    "state": word("identities", row.state),
                    "stated_at": row.stated_at,
                    "verified_at": row.verified_at,
                }
                for row in identities
            ],
            masks={"name": masking.name, "number": masking.id_number},
        ),
        Category(
            "verifications",
            {"zh": "身份核验记录", "en": "Verifications of your identity"},
            {
                "made_at": {"zh": "时间", "en": "at"},
                "state": {"zh": "状态", "en": "state"},
                "verdict": {"zh": "结果", "en": "verdict"},
                "provider": {"zh": "核验机构", "en": "provider"},
            },
            [
                {
                    "made_at": row.made_at,
                    "state": word("attempts", row.state),
                    "verdict": word("verdicts", told(row.verdict)),
                    "provider": row.provider,
                }
                for row in IdentityAttempt.objects.filter(customer=customer).order_by("id")
            ],
        ),
        Category(
            "sessions",
            {"zh": "登录记录", "en": "Log-ins"},
            {"created_at": {"zh": "登录时间", "en": "at"}, "expires_at": {"zh": "失效时间", "en": "until"}},
            list(Session.objects.filter(customer=customer).order_by("id").values("created_at", "expires_at")),
        ),
        Category(
            "exports",
            {"zh": "个人信息副本", "en": "Copies of your data"},
            {
                "asked_at": {"zh": "申请时间", "en": "asked"},
                "fetched_at": {"zh": "领取时间", "en": "fetched"},
            },
            list(Export.objects.filter(customer=customer).order_by("id").values("asked_at", "fetched_at")),
        ),
        Category(
            "accesses",
            {"zh": "他人访问记录", "en": "Who else opened your data"},
            {
                "at": {"zh": "时间", "en": "at"},
                "who": {"zh": "访问者", "en": "who"},
                "what": {"zh": "信息", "en": "what"},
                "purpose": {"zh": "目的", "en": "purpose"},
            },
            [
                {"at": row.at, "who": row.who, "what": word("opened", row.what), "purpose": row.purpose}
                for row in queries.accesses(refs=map(str, refs))
            ],
        ),
    ]


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
    for kind, model in (("address", Address), ("identity", Identity), ("export", Export)):
        rows = model._default_manager.filter(customer=customer).values_list("public_id", flat=True)
        found += [f"{kind}:{public_id}" for public_id in rows]
    return found


HOLDING = Holding(
    app="customers",
    gives=("profile", "addresses", "identity", "verifications", "sessions", "exports", "accesses"),
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
