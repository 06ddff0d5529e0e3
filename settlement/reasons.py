"""Why an order's money has not gone abroad yet, as codes and in words."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """One thing that settlement waits for; the order in which they stand is the order in which they come."""

    NOT_ENTERED = "not_entered"
    PAYMENT = "payment"
    AMOUNTS = "amounts"
    RATE = "rate"
    CURRENCY = "currency"
    CEILING = "ceiling"
    BUYER = "buyer"
    PAYER = "payer"
    DECLARED = "declared"
    LOGISTICS = "logistics"
    CLEARANCE = "clearance"
    REFUND = "refund"
    CASE = "case"
    IN_BATCH = "in_batch"

    @property
    def zh(self) -> str:
        """The reason in Chinese."""
        return _WORDS[self][0]

    @property
    def en(self) -> str:
        """The reason in English."""
        return _WORDS[self][1]


_WORDS = {
    Reason.NOT_ENTERED: ("尚未记账", "it is not entered in the books yet"),
    Reason.PAYMENT: ("没有成功的支付单", "there is no payment that succeeded"),
    Reason.AMOUNTS: ("订单、支付与账簿金额不一致", "order, payment and books tell different amounts"),
    Reason.RATE: ("订单未锁定汇率", "no exchange rate is locked on the order"),
    Reason.CURRENCY: ("结算币种不受支持", "its currency is not settled in"),
    Reason.CEILING: ("超过单笔等值5万美元限额", "it exceeds the ceiling of one transaction in US dollars"),
    Reason.BUYER: ("订购人身份未核验", "the buyer's identity is not verified"),
    Reason.PAYER: ("付款人与订购人一致性未确认", "payer and orderer are not confirmed to be one person"),
    Reason.DECLARED: ("支付单尚未申报成功", "the payment is not declared yet"),
    Reason.LOGISTICS: ("缺少物流凭证", "there is no evidence of logistics"),
    Reason.CLEARANCE: ("缺少海关放行凭证", "there is no evidence of customs clearance"),
    Reason.REFUND: ("有未完成的退款", "a refund is under way"),
    Reason.CASE: ("有未处理的事项或投诉", "a case or complaint about it is open"),
    Reason.IN_BATCH: ("已在结汇批次中", "it is in a batch that has not ended"),
}
