"""The customs declaration of one merchant number, in the family that it is set to."""

from __future__ import annotations

from django.conf import settings

from kernel.errors import Conflict
from storefronts import queries as storefronts
from wechat.pay.client import PayClient
from wechat.pay.customs import CustomsClient
from wechat.pay.customs_v2 import CustomsV2
from wechat.pay.customs_v3 import CustomsV3
from wechat.pay.sealing import Padding


class NoV2Key(Conflict):
    """The domestic family is signed with the merchant's key of API v2, and there is none."""

    code = "customs_no_v2_key"
    title = "Payments are declared by the domestic family, and its key (API v2) is not set."
    title_zh = "使用国内报关接口，但尚未配置 API v2 密钥。"


def customs_client(mchid: str, family: str) -> CustomsClient:
    """Raises NoV2Key, and Missing for a merchant number that is not ours."""
    if family == "v3":
        client = PayClient(storefronts.merchant_by_mchid(mchid), settings.WECHAT_CUSTOMS_BASE)
        padding = Padding(settings.WECHAT_CUSTOMS_PADDING)
        return CustomsV3(client, root=settings.WECHAT_CUSTOMS_ROOT, padding=padding)
    account = storefronts.customs_account(mchid)
    if not account.v2_key:
        raise NoV2Key()
    return CustomsV2(mchid=mchid, key=account.v2_key, base_url=settings.WECHAT_PAY_BASE)
