"""Why a refund is not asked for: nothing is written then."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.errors import Conflict, Invalid


@dataclass(eq=False)
class NotPaid(Conflict):
    """No payment of this order is ours to give back."""

    code = "refund_not_paid"
    title = "This order has no payment that could be refunded."
    title_zh = "该订单没有可退款的支付。"


@dataclass(eq=False)
class TooMuch(Conflict):
    """More than is left of the payment after what went back and what is on its way."""

    code = "refund_too_much"
    title = "At most {left_fen} fen of this payment can still be refunded."
    title_zh = "该笔支付最多还可退 {left_fen} 分。"
    left_fen: int


@dataclass(eq=False)
class TooManyPieces(Conflict):
    """More pieces of a line than were bought and have not gone back."""

    code = "refund_too_many_pieces"
    title = "Of {sku} only {left} can still be refunded."
    title_zh = "{sku} 最多还可退 {left} 件。"
    sku: str
    left: int


@dataclass(eq=False)
class TooManyRefunds(Conflict):
    """WeChat Pay takes fifty refunds of one payment."""

    code = "refund_too_many"
    title = "WeChat Pay takes at most 50 refunds of one payment."
    title_zh = "同一笔支付最多可退款 50 次。"


@dataclass(eq=False)
class TooOld(Conflict):
    """WeChat Pay refunds within a year of the payment."""

    code = "refund_too_old"
    title = "The payment is more than a year old: WeChat Pay does not refund it any more."
    title_zh = "该笔支付已超过一年，微信支付不再受理退款。"


class StillRefunded(Conflict):
    """Our bank pays what WeChat Pay refunds no more, and nothing beside it."""

    code = "refund_by_wechat"
    title = "WeChat Pay still refunds this payment: ask for the refund there, and pay nothing by transfer."
    title_zh = "微信支付仍可受理该笔支付的退款，请通过微信退款，勿线下转账。"


@dataclass(eq=False)
class WishChanged(Conflict):
    """The same key was used for another refund."""

    code = "refund_wish_changed"
    title = "This key already stands for another refund, {number}."
    title_zh = "该请求标识已用于另一笔退款（{number}）。"
    number: str


@dataclass(eq=False)
class RefundClosed(Conflict):
    """What the same key asked for before is closed: no money comes of it, and nothing leaves by asking so."""

    code = "refund_is_closed"
    title = "Refund {number} was asked for by this before and is closed: ask again on its page."
    title_zh = "该请求对应的退款（{number}）已关闭，请在该退款单页面重新申请。"
    number: str


class BadReason(Invalid):
    """WeChat Pay shows the reason to the consumer; there must be one that it can show."""

    code = "refund_reason"
    title = "A refund needs a reason that can be shown to the consumer."
    title_zh = "请填写可向消费者展示的退款原因。"
