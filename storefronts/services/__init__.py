"""What changes a storefront: `opening`, its approvals, its `merchant_keys` and WeChat's `platform_keys`."""

from storefronts.services.opening import (
    APIV3_KEY,
    APPSECRET,
    GOODS_GATE,
    PRIVATE_KEY,
    TRADE_MODE,
    BadKey,
    MerchantTaken,
    approval_key,
    ask_for_gate,
    ask_for_modes,
    open_storefront,
    set_merchant,
)

__all__ = [
    "APIV3_KEY",
    "APPSECRET",
    "GOODS_GATE",
    "PRIVATE_KEY",
    "TRADE_MODE",
    "BadKey",
    "MerchantTaken",
    "approval_key",
    "ask_for_gate",
    "ask_for_modes",
    "open_storefront",
    "set_merchant",
]
