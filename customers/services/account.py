"""An account is changed by one hand at a time, never once it is closed; what is grave asks for a fresh proof.

A bearer token may be stolen with a phone's session. To take one's data away or to close the account, the
code of a new `wx.login` shows that WeChat itself still knows this phone as the person's.
"""

from __future__ import annotations

from django.conf import settings

from compliance import vault
from customers.models import Customer
from kernel.errors import Conflict
from storefronts import queries as storefronts
from wechat.login import code_to_session


class AccountClosed(Conflict):
    """The consumer closed this account."""

    code = "account_closed"
    title = "This account was closed."
    title_zh = "该账号已注销。"


class AnotherWechat(Conflict):
    """The code of wx.login belongs to another WeChat user than the account."""

    code = "another_wechat"
    title = "This code of wx.login belongs to another WeChat account; nothing was done."
    title_zh = "微信登录凭证与当前账号不一致，未做任何操作。"


def lock(customer: Customer) -> None:
    """Hold the customer's row until the transaction ends; raises AccountClosed."""
    refuse_closed(Customer.objects.select_for_update().get(pk=customer.pk))


def refuse_closed(customer: Customer) -> None:
    """Raises AccountClosed for one whose row, held by the caller, says so."""
    if customer.closed_at is not None:
        raise AccountClosed()


def prove(*, customer: Customer, js_code: str) -> None:
    """Ask WeChat whose code this is, with no transaction open; raises AnotherWechat and wechat.errors."""
    app = storefronts.mini_program(customer.storefront_id)
    openid = code_to_session(app, js_code, base_url=settings.WECHAT_API_BASE).openid
    if bytes(customer.openid_index or b"") not in vault.blinds("openid", openid):
        raise AnotherWechat()
