"""What this app shows to a person of what it holds about them; somebody else whom they named stays masked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from compliance import masking, queries, vault
from compliance.copy_words import word
from compliance.holdings import Category, Names
from compliance.models import Subject
from customers import divisions, labels
from customers.models import (
    Address,
    Customer,
    Export,
    Identity,
    IdentityAttempt,
    NamedPayer,
    News,
    NewsConsent,
    Session,
)
from customers.told import told

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
    named = list(NamedPayer.objects.filter(customer=customer).order_by("id"))
    refs = [customer.public_id, *(a.public_id for a in addresses), *(i.public_id for i in identities)]
    refs += [one.public_id for one in named]
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
            "named_payers",
            {"zh": "您指定的支付人", "en": "Payers whom you named as orderer"},
            {
                "order_number": {"zh": "订单号", "en": "order"},
                "named_at": {"zh": "指定时间", "en": "named"},
                "state": {"zh": "状态", "en": "state"},
                "name": _NAME,
                "number": {"zh": "身份证号码", "en": "identity number"},
            },
            [
                {
                    "order_number": row.order_number,
                    "named_at": row.named_at,
                    "state": word("namings", row.state),
                    "name": masking.name(opened(labels.NAMED_NAME, row.public_id, row.name_sealed)),
                    "number": masking.id_number(
                        opened(labels.NAMED_NUMBER, row.public_id, row.number_sealed)
                    ),
                }
                for row in named
            ],
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
        *_news(customer),
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


def _news(customer: Customer) -> list[Category]:
    consents = NewsConsent.objects.filter(customer=customer).select_related("by_template").order_by("id")
    return [
        Category(
            "news_consents",
            {"zh": "订阅消息授权", "en": "Messages that you agreed to"},
            {
                "occasion": {"zh": "内容", "en": "about"},
                "given_at": {"zh": "授权时间", "en": "agreed"},
                "spent_at": {"zh": "使用时间", "en": "used"},
            },
            [
                {
                    "occasion": row.by_template.get_occasion_display(),
                    "given_at": row.given_at,
                    "spent_at": row.spent_at,
                }
                for row in consents
            ],
        ),
        Category(
            "news",
            {"zh": "订阅消息", "en": "Messages about your orders"},
            {
                "order": {"zh": "订单号", "en": "order"},
                "return": {"zh": "退换货单号", "en": "return"},
                "occasion": {"zh": "内容", "en": "about"},
                "state": {"zh": "状态", "en": "state"},
                "made_at": {"zh": "时间", "en": "at"},
            },
            [
                {
                    "order": row.order_number,
                    "return": row.about,
                    "occasion": row.get_occasion_display(),
                    "state": word("news", row.state),
                    "made_at": row.made_at,
                }
                for row in News.objects.filter(customer=customer).order_by("id")
            ],
        ),
    ]
