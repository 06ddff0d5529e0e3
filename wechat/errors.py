"""A failed call says one of three things: it was refused, it may pass later, or nobody knows yet.

Fields carry WeChat's codes and support handles only; WeChat's own messages may quote an openid and stay out.
"""

from dataclasses import dataclass

from kernel.errors import Invalid, Refusal, Refused, Upstream


class WechatError(Upstream):
    """Base of everything WeChat can do to us that is not the consumer's fault."""

    code = "wechat_error"
    title = "WeChat did not answer as expected; please try again shortly."
    title_zh = "微信服务暂时不可用，请稍后再试。"

    @property
    def why(self) -> str:
        """For those who mend it: the code, and what our own words add; nothing of what WeChat told."""
        more = getattr(self, "reason", "") or getattr(self, "where", "")
        return f"{self.code}: {more}" if more else self.code


@dataclass(eq=False)
class OutcomeUnknown(WechatError):
    """No answer, half an answer, a 5xx, or one that cannot be believed: the call may have been executed.

    Query before deciding anything; the same call with the same parameters may be sent again.
    """

    code = "wechat_outcome_unknown"
    call: str
    reason: str
    wechat_code: str = ""
    request_id: str = ""


@dataclass(eq=False)
class RateLimited(WechatError):
    """WeChat counts too many calls; nothing was executed, the same call may pass later."""

    code = "wechat_rate_limited"
    title = "Too many requests to WeChat; please try again in a minute."
    title_zh = "操作过于频繁，请一分钟后再试。"
    call: str
    wechat_code: str
    request_id: str = ""


@dataclass(eq=False)
class Busy(WechatError):
    """WeChat says that it is busy (errcode -1): try again, nothing was executed."""

    code = "wechat_busy"
    call: str


@dataclass(eq=False)
class NotEnough(WechatError):
    """The merchant's balance does not cover it; nothing was executed, the same call may pass later."""

    code = "wechat_not_enough"
    title = "The merchant account's balance at WeChat Pay does not cover this."
    title_zh = "商户号可用余额不足，充值后将自动重试。"
    call: str
    wechat_code: str
    request_id: str = ""


@dataclass(eq=False)
class Rejected(WechatError):
    """WeChat refused this call and will refuse it again. `field` is the JSON pointer it complained about."""

    code = "wechat_rejected"
    title = "WeChat refused the request."
    title_zh = "微信未接受本次请求。"
    permanent = True
    call: str
    wechat_code: str
    request_id: str = ""
    field: str = ""


class OrderPaid(Rejected):
    """The payment number is already paid: query it."""

    code = "wechat_order_paid"
    title = "This payment is already complete."
    title_zh = "该笔支付已完成。"


class OrderClosed(Rejected):
    """The payment number is closed: no one can pay it any more."""

    code = "wechat_order_closed"
    title = "This payment is closed."
    title_zh = "该笔支付已关闭。"


class OrderNotExist(Rejected):
    """WeChat knows no such payment number."""

    code = "wechat_order_not_exist"
    title = "WeChat knows no such payment."
    title_zh = "微信侧不存在该笔支付。"


class NoPermission(Rejected):
    """WeChat has not granted this merchant what it asked for."""

    code = "wechat_no_permission"
    title = "WeChat Pay has not granted the merchant this permission."
    title_zh = "商户号尚未获得微信支付的相应权限。"


class CustomsNumberUnknown(Rejected):
    """The merchant's number at this port's customs is not registered at WeChat Pay."""

    code = "wechat_customs_number_unknown"
    title = "The merchant's customs number is not registered at WeChat Pay for this port."
    title_zh = "商户海关备案号未在微信支付登记。"


class ResourceNotExist(Rejected):
    """WeChat knows nothing under this number."""

    code = "wechat_resource_not_exist"
    title = "WeChat knows nothing under this number."
    title_zh = "微信侧不存在该单据。"


class OutTradeNoUsed(Rejected):
    """The payment number was already used with other parameters."""

    code = "wechat_out_trade_no_used"
    title = "This payment number was already used."
    title_zh = "该支付单号已被使用。"


class NoStatement(Rejected):
    """There is no bill of that day: nothing happened on it."""

    code = "wechat_no_statement"
    title = "WeChat Pay has no bill of that day."
    title_zh = "微信支付没有该日的账单。"


class StatementNotReady(Rejected):
    """The bill of that day is still being made: ask again later."""

    code = "wechat_statement_not_ready"
    title = "WeChat Pay is still making the bill of that day."
    title_zh = "微信支付正在生成该日账单。"
    permanent = False


@dataclass(eq=False)
class StatementBroken(WechatError):
    """What was downloaded is not the bill that WeChat Pay told of, or lies elsewhere; `reason` says how."""

    code = "wechat_statement_broken"
    title = "The bill that was downloaded is not the one that WeChat Pay told of."
    title_zh = "下载的账单与微信支付告知的不一致。"
    reason: str


@dataclass(eq=False)
class StatementUnreadable(WechatError):
    """The bill is WeChat's and yet not of the documented form; `line` counts from 1, `issue` says what."""

    code = "wechat_statement_unreadable"
    title = "Line {line} of the bill cannot be read: {issue}."
    title_zh = "账单第 {line} 行无法解析。"
    permanent = True
    line: int
    issue: str


@dataclass(eq=False)
class Unverified(WechatError):
    """Bytes that claim to come from WeChat Pay but are not signed, not fresh, or not by a key of ours.

    `unknown_serial` is the serial they name when we have no key of that name; anyone may have written it.
    """

    code = "wechat_unverified"
    reason: str
    unknown_serial: str = ""


@dataclass(eq=False)
class Undecryptable(WechatError):
    """A resource that our APIv3 key does not open."""

    code = "wechat_undecryptable"
    reason: str


@dataclass(eq=False)
class Malformed(WechatError):
    """Genuine, but not of the documented shape; `where` names the member, never its value."""

    code = "wechat_malformed"
    where: str


class InvalidLoginCode(Invalid):
    """The log-in code (登录凭证) is unknown, used or older than about five minutes."""

    code = "invalid_login_code"
    title = "The login code is no longer valid; please log in again."
    title_zh = "登录凭证已失效，请重新登录。"


class InvalidPhoneCode(Invalid):
    """The phone number code (手机号获取凭证) is unknown, used, of another app, or older than five minutes."""

    code = "invalid_phone_code"
    title = "The phone number authorisation is no longer valid; please tap the button again."
    title_zh = "手机号授权已失效，请重新点击获取。"


@dataclass(eq=False)
class LoginBlocked(Refused):
    """WeChat's risk control blocks this user (errcode 40226)."""

    code = "login_blocked"
    title = "WeChat has blocked this login for security reasons."
    title_zh = "微信安全策略已拦截本次登录。"
    refusals: tuple[Refusal, ...] = (
        Refusal(
            rule="wechat.40226",
            sentence="A user whom WeChat classes as high risk cannot log in to a mini-program.",
            sentence_zh="高风险等级用户，小程序登录拦截。",
            citation="WeChat, code2Session",
            link="https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html",
        ),
    )
