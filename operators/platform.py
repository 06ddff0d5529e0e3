"""The platform's page (平台状态): what of the house itself needs its keeper, for those who run all of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Min, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from redis import Redis
from redis.exceptions import RedisError

from customs.models import PortAccount
from customs.signing.certificates import bare, der
from kernel.clock import now
from kernel.models import Delivery, Job
from kernel.parties import PARTY_HOSTS
from operators import told
from operators.bilingual import say
from operators.customs_words import age
from operators.scope import scope_of
from operators.tables import Table, kept, when
from payments.models import Bill
from settlement.models import RatePublication
from storefronts.models import MerchantAccount, PlatformKey

TITLE = say("平台状态", "Platform")
FAILING = 4  # tries after which an event that is not delivered is worth a look
SHOWN = 50
SOON = timedelta(days=30)
OLD_BACKUP = timedelta(hours=26)
BROKER_QUEUE = "celery"
_PARTIES: tuple[tuple[str, Any], ...] = (
    ("WECHAT_API_BASE", say("微信小程序", "WeChat mini-program")),
    ("WECHAT_PAY_BASE", say("微信支付", "WeChat Pay")),
    ("WECHAT_CUSTOMS_BASE", say("微信支付报关", "WeChat Pay, declarations")),
    ("FACEID_BASE", say("实名核验（FaceID）", "identity (FaceID)")),
    ("SF_BASE", say("顺丰", "SF Express")),
    ("KUAIDI100_BASE", say("快递100", "kuaidi100")),
    ("PORT_BASE", say("口岸报文通道", "port, messages")),
    ("SIGN_BASE", say("加签机", "signing machine")),
    ("PORT_DATA_BASE", say("海关支付数据", "customs, payment data")),
    ("CFETS_BASE", say("汇率中间价（中国货币网）", "exchange rates (CFETS)")),
)
LIVE, SANDBOX, OWN, NONE = (
    say("正式", "live"),
    say("沙箱", "sandbox"),
    say("自有网络", "own network"),
    say("未设置", "not set"),
)


def may(request: HttpRequest) -> bool:
    """Those who run the whole platform."""
    return scope_of(request).everything


def show(request: HttpRequest) -> HttpResponse:
    """The page; nine statements, and one call of Redis that may fail."""
    if not may(request):
        raise PermissionDenied
    at = now()
    shown = {
        **admin.site.each_context(request),
        "title": TITLE,
        "content_title": TITLE,
        "story": [queues(at), failing(at), gateways(), certificates(at), last(at)],
    }
    answer = TemplateResponse(request, "operators/tables.html", shown)
    answer["Cache-Control"] = "no-store"
    return answer


def queues(at: datetime) -> Table:
    """What waits to be worked on, and since when."""
    due = Delivery.objects.filter(done_at=None)
    late = Count("pk", filter=Q(next_try_at__lt=at - timedelta(minutes=1)))
    counts = due.aggregate(all=Count("pk"), late=late, since=Min("event__at"))  # of what waits, by its index
    jobs = Job.objects.filter(ended_at=None).aggregate(all=Count("pk"), since=Min("queued_at"))
    waiting = broker_length()
    return {
        "title": say("队列", "Queues"),
        "headers": [
            say("队列", "queue"),
            say("数量", "waiting"),
            say("最久", "oldest"),
            say("说明", "remark"),
        ],
        "rows": [
            [
                told.link(
                    reverse("admin:kernel_delivery_changelist"), say("待投递事件", "events to deliver")
                ),
                counts["all"],
                age(counts["since"], at),
                _bad(say(f"{counts['late']} 件逾一分钟", f"{counts['late']} late by a minute"))
                if counts["late"]
                else "-",
            ],
            [
                told.link(reverse("admin:kernel_job_changelist"), say("后台任务", "jobs")),
                jobs["all"],
                age(jobs["since"], at),
                "-",
            ],
            [
                say("消息队列（Redis）", "broker (Redis)"),
                "-" if waiting is None else waiting,
                "-",
                _bad(say("Redis 无应答；数据不会丢失", "Redis does not answer; nothing is lost"))
                if waiting is None
                else "-",
            ],
        ],
    }


def _late(late: int) -> Any:
    return _bad(say(f"{late} 件逾一分钟", f"{late} late by a minute")) if late else "-"


def broker_length() -> int | None:
    """How many messages wait at the broker; None where it does not answer within a second."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
            return int(redis.llen(BROKER_QUEUE))
    except RedisError:
        return None


def failing(at: datetime) -> Table:
    """Handlers whose events keep failing: how many, since when, and the error told last."""
    rows = (
        Delivery.objects.filter(done_at=None, attempts__gte=FAILING)
        .values("handler")
        .annotate(n=Count("pk"), tries=Max("attempts"), since=Min("event__at"), error=Max("error"))
        .order_by("-n", "handler")[:SHOWN]
    )
    return {
        "title": say("反复失败的事件投递", "Deliveries of events that keep failing"),
        "headers": [
            say("处理程序", "handler"),
            say("数量", "events"),
            say("最多尝试", "most tries"),
            say("最久", "oldest"),
            say("错误", "error"),
        ],
        "rows": [
            [
                told.link(
                    f"{reverse('admin:kernel_delivery_changelist')}?q={one['handler']}", one["handler"]
                ),
                _bad(one["n"]),
                one["tries"],
                age(one["since"], at),
                one["error"][:120] or "-",
            ]
            for one in rows
        ]
        or [[say("没有", "none"), "", "", "", ""]],
    }


def gateways() -> Table:
    """Of each outside party whether the real one is called."""
    return {
        "title": say("外部系统", "Outside parties"),
        "headers": [
            say("对方", "party"),
            say("连接", "which"),
            say("主机", "host"),
            say("配置项", "setting"),
        ],
        "rows": [
            [name, which(setting, getattr(settings, setting)), _host(getattr(settings, setting)), setting]
            for setting, name in _PARTIES
        ],
    }


def which(setting: str, base: str) -> Any:
    """Live, a sandbox, a machine of our own network, or nobody."""
    if not base:
        return NONE
    if _host(base) in PARTY_HOSTS.get(setting, ()):
        return LIVE
    if _host(base) in ("127.0.0.1", "localhost", "::1"):
        return _bad(SANDBOX)
    return OWN if setting not in PARTY_HOSTS else _bad(SANDBOX)


def _host(base: str) -> str:
    return urlsplit(base).hostname or "-"


def certificates(at: datetime) -> Table:
    """Certificates and keys with their last day, the first to end first; none is known of what has none."""
    found: list[tuple[datetime | None, Any, str, Any]] = []
    for merchant in MerchantAccount.objects.filter(active=True).select_related("storefront"):
        name = say("商户 API 证书", "merchant certificate")
        found.append((merchant.expires_at, name, merchant.mchid, merchant.storefront))
    keys = PlatformKey.objects.filter(retired_at=None, merchant__active=True)
    for key in keys.select_related("storefront"):
        found.append((key.expires_at, say("微信支付平台证书", "platform key"), key.serial, key.storefront))
    for account in PortAccount.objects.select_related("storefront").defer("key_sealed"):
        for name, text in (
            (say("口岸签名证书", "certificate that signs for the port"), account.certificate),
            (say("监管场所证书", "certificate of the supervised site"), account.site_certificate),
        ):
            if text:
                found.append((ends(text), name, str(account), account.storefront))
    found.sort(key=lambda one: one[0] or datetime.max.replace(tzinfo=UTC))
    return {
        "title": say("证书与密钥", "Certificates and keys"),
        "headers": [
            say("证书", "certificate"),
            say("编号", "of"),
            say("店铺", "storefront"),
            say("到期", "ends"),
            say("剩余", "left"),
        ],
        "rows": [
            [name, number, str(shop), kept(when(end)), _left(end, at)]
            for end, name, number, shop in found[:SHOWN]
        ]
        or [[say("没有", "none"), "", "", "", ""]],
    }


def ends(certificate: str) -> datetime | None:
    """When a certificate, base64 or PEM, ends; None for one that cannot be read."""
    try:
        return x509.load_der_x509_certificate(der(bare(certificate))).not_valid_after_utc
    except (ValueError, x509.InvalidVersion):
        return None


def _left(end: datetime | None, at: datetime) -> Any:
    if end is None:
        return say("未知或长期有效", "unknown, or it does not end")
    if end <= at:
        return _bad(say("已过期", "over"))
    days = (end - at).days
    text = say(f"{days} 天", f"{days} days")
    return _bad(text) if end - at < SOON else text


def last(at: datetime) -> Table:
    """What ought to happen every day, and when it did last."""
    bills = Bill.objects.filter(state="matched").aggregate(at=Max("matched_at"), day=Max("day"))
    rates = RatePublication.objects.aggregate(day=Max("day"))["day"]
    backup = stamped(settings.BACKUP_STAMP)
    day = bills["day"]
    rows = [
        [
            say("微信支付账单对账", "reconciliation with WeChat Pay"),
            when(bills["at"]),
            say(f"账单日 {day}", f"bill of {day}") if day else "-",
        ],
        [say("汇率中间价", "exchange rates"), str(rates or "-"), "-"],
        [say("数据库备份", "backup of the database"), when(backup), _backup_word(backup, at)],
    ]
    return {
        "title": say("最近一次", "When it was last done"),
        "headers": [say("事项", "what"), say("时间", "when"), say("说明", "remark")],
        "rows": rows,
    }


def stamped(path: str) -> datetime | None:
    """When the backup job last touched its file; None where none is named or it is not there."""
    try:
        return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC) if path else None
    except OSError:
        return None


def _backup_word(stamp: datetime | None, at: datetime) -> Any:
    if not settings.BACKUP_STAMP:
        return say("未配置 BACKUP_STAMP", "BACKUP_STAMP names no file that the backup job touches")
    if stamp is None or at - stamp > OLD_BACKUP:
        return _bad(say("逾 26 小时没有备份", "no backup for more than 26 hours"))
    return say("正常", "in time")


def _bad(text: Any) -> Any:
    return format_html('<span class="text-red-600">{}</span>', text)
