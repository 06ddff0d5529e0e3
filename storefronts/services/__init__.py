"""What changes a storefront: `opening`, its approvals, `declaring`, and the keys of both sides."""

from storefronts.services.declaring import V2_KEY, remember_refusal, set_customs
from storefronts.services.opening import (
    APIV3_KEY,
    APPSECRET,
    GOODS_GATE,
    MESSAGE_KEY,
    MESSAGE_TOKEN,
    PRIVATE_KEY,
    TRADE_MODE,
    BadKey,
    MerchantTaken,
    approval_key,
    ask_for_gate,
    ask_for_modes,
    open_storefront,
    set_merchant,
    set_messages,
)

__all__ = [
    "APIV3_KEY",
    "APPSECRET",
    "GOODS_GATE",
    "MESSAGE_KEY",
    "MESSAGE_TOKEN",
    "PRIVATE_KEY",
    "TRADE_MODE",
    "V2_KEY",
    "BadKey",
    "MerchantTaken",
    "approval_key",
    "ask_for_gate",
    "ask_for_modes",
    "open_storefront",
    "remember_refusal",
    "set_customs",
    "set_merchant",
    "set_messages",
]
