"""The one file that knows both ends: which handlers hear which event.

A handler is named by its dotted path and takes the event. `outside` marks those that talk to an outside
party: they run without a transaction and do their own three steps; the others run in one transaction with
the mark that they are done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from partners.published import PUBLISHED

_LONG = timedelta(minutes=10)  # an import of 20,000 rows takes two


@dataclass(frozen=True)
class Handler:
    """One subscriber: `path` is module.function, `outside` whether it calls an outside party.

    After `lease` its worker is taken for dead, and another tries.
    """

    path: str
    outside: bool = False
    lease: timedelta = timedelta(minutes=1)


SUBSCRIPTIONS: dict[str, tuple[Handler, ...]] = {
    "order.closing": (Handler("payments.tasks.close_attempts", outside=True),),
    "order.placed": (
        Handler("orders.tasks.watch_patterns"),
        Handler("reporting.tasks.order_moved"),
    ),
    "order.paid": (
        Handler("orders.tasks.count_paid"),
        Handler("orders.tasks.watch_patterns"),
        Handler("orders.tasks.open_payer_check"),
        Handler("payments.declaring.open_declarations"),
        Handler("logistics.tasks.open_shipment"),
        Handler("logistics.tasks.open_shipping_info"),
        Handler("customs.tasks.open_declaration"),
        Handler("reporting.tasks.order_moved"),
    ),
    "order.expired": (Handler("reporting.tasks.order_moved"),),
    "order.address_mended": (Handler("orders.tasks.watch_patterns"),),
    "order.orderer_named": (Handler("orders.tasks.watch_patterns"),),
    "order.cancelled": (
        Handler("orders.tasks.count_paid"),
        Handler("orders.tasks.end_payer_check"),
        Handler("payments.declaring.withdraw_declarations"),
        Handler("orders.tasks.drop_named"),
        Handler("payments.tasks.refund_cancelled"),
        Handler("logistics.tasks.cancel_shipment"),
        Handler("logistics.tasks.drop_shipping_info"),
        Handler("customs.tasks.end_declaration"),
        Handler("returns.tasks.order_cancelled"),
        Handler("reporting.tasks.order_moved"),
    ),
    "order.lessened": (Handler("logistics.tasks.look_at_parcel"),),
    "declaration.succeeded": (
        Handler("payments.declaring.ask_about_payer", outside=True),
        Handler("settlement.tasks.keep_declared"),
        Handler("customs.tasks.look_at_declaration"),
    ),
    "payer.same": (Handler("customs.tasks.look_at_declaration"),),
    "declaration.matched": (Handler("payments.declaring.ask_about_payer", outside=True),),
    "shipment.handed_over": (
        Handler("settlement.tasks.keep_handed_over"),
        Handler("logistics.tasks.owe_shipping_info"),
        Handler("logistics.tasks.tell_consumer", outside=True),
    ),
    "review.written": (Handler("reviews.tasks.check_words", outside=True),),
    "shipment.delivered": (
        Handler("logistics.tasks.remind_to_confirm"),
        Handler("returns.tasks.parcel_delivered"),
        Handler("logistics.tasks.tell_consumer", outside=True),
    ),
    "shipment.returned": (Handler("returns.tasks.parcel_came_back"),),
    "shipping_info.received": (Handler("logistics.tasks.follow_receipt"),),
    "customs.released": (
        Handler("settlement.tasks.keep_released"),
        Handler("returns.tasks.released"),
        Handler("reporting.tasks.released"),
        Handler("logistics.tasks.tell_consumer", outside=True),
    ),
    "customs.return_declared": (Handler("returns.tasks.return_declared"),),
    "customs.return_arrived": (Handler("returns.tasks.return_moved"),),
    "customs.return_never_came": (Handler("returns.tasks.return_moved"),),
    "customs.return_refused": (Handler("returns.tasks.return_moved"),),
    "customs.returned": (Handler("returns.tasks.return_moved"),),
    "payer.refunding": (Handler("payments.declaring.refund_for_payer"),),
    "payer.ended": (Handler("orders.tasks.drop_named"),),
    "naming.verified": (Handler("orders.tasks.take_named"),),
    "payer.renamed": (Handler("payments.declaring.ask_payer_again", outside=True),),
    "payment.succeeded": (
        Handler("settlement.tasks.enter_paid"),
        Handler("payments.tasks.look_back", outside=True),
    ),
    "payment.stray": (
        Handler("settlement.tasks.enter_paid"),
        Handler("payments.tasks.look_back", outside=True),
        Handler("payments.tasks.refund_stray"),
    ),
    "refund.requested": (
        Handler("payments.tasks.promised_with_it"),
        Handler("returns.tasks.money_asked"),
    ),
    "refund.succeeded": (
        Handler("settlement.tasks.enter_refunded"),
        Handler("payments.declaring.follow_refund"),
        Handler("payments.declaring.end_payer_check"),
        Handler("payments.declaring.end_refunded"),
        Handler("payments.tasks.money_arrived"),
        Handler("returns.tasks.money_arrived"),
        Handler("reporting.tasks.refund_succeeded"),
    ),
    "refund.named": (
        Handler("payments.declaring.follow_refund"),
        Handler("payments.declaring.end_refunded"),
        Handler("returns.tasks.pieces_named"),
    ),
    "refund.unnamed": (
        Handler("payments.declaring.follow_refund"),
        Handler("returns.tasks.pieces_named"),
    ),
    "refund.transferred": (
        Handler("settlement.tasks.enter_transferred"),
        Handler("payments.tasks.money_arrived"),
        Handler("returns.tasks.money_arrived"),
    ),
    "return.to_send": (Handler("returns.tasks.tell_consumer", outside=True),),
    "return.refused": (Handler("returns.tasks.tell_consumer", outside=True),),
    "return.ended": (Handler("returns.tasks.tell_consumer", outside=True),),
    "return.refunding": (Handler("returns.tasks.tell_consumer", outside=True),),
    "return.inspected": (Handler("returns.tasks.tell_consumer", outside=True),),
    "return.received": (Handler("returns.tasks.tell_consumer", outside=True),),
    "return.late": (Handler("returns.tasks.tell_consumer", outside=True),),
    "stray_parcel.kept": (Handler("returns.tasks.tell_of_parcel", outside=True),),
    "stray_parcel.sent_back": (Handler("returns.tasks.tell_of_parcel", outside=True),),
    "return.requested": (Handler("reporting.tasks.return_moved"),),
    "return.settled": (
        Handler("returns.tasks.tell_consumer", outside=True),
        Handler("reporting.tasks.return_moved"),
    ),
    "bill.matched": (Handler("settlement.tasks.enter_matched"),),
    "ledger.entered": (Handler("reporting.tasks.entered"),),
    "batch.answered": (Handler("reporting.tasks.batch_moved"),),
    "batch.credited": (Handler("reporting.tasks.batch_moved"),),
    "order.gate_before_list": (Handler("payments.tasks.gate_moved"),),
    "order.gate_after_release": (Handler("payments.tasks.gate_moved"),),
    "complaint.told": (Handler("payments.tasks.read_complaint", outside=True),),
    "message.complaint": (Handler("payments.tasks.read_pushed_complaint"),),
    "message.trade_access": (Handler("logistics.tasks.read_trade_access"),),
    "message.trade_reminder": (Handler("logistics.tasks.read_trade_reminder"),),
    "message.trade_settlement": (Handler("logistics.tasks.read_trade_settlement"),),
    "message.news": (Handler("customers.tasks.read_news_push"),),
    "complaint.answer_asked": (Handler("payments.tasks.send_answer", outside=True),),
    "refund.accepted": (Handler("payments.tasks.send_accepted", outside=True),),
    # Not an outside party, yet without a transaction around it: the job keeps its own.
    "export.asked": (Handler("customers.services.exports.prepare", outside=True),),
    "catalogue.import_asked": (Handler("catalog.services.import_jobs.prepare", outside=True, lease=_LONG),),
    "partner.job_asked": (Handler("partner_api.work.prepare", outside=True, lease=_LONG),),
    "recipients.asked": (Handler("customs.services.recipients.prepare", outside=True, lease=_LONG),),
}
# What partners may hear.
for _name in PUBLISHED:
    SUBSCRIPTIONS[_name] = (*SUBSCRIPTIONS.get(_name, ()), Handler("partners.tasks.publish"))


def by_path() -> dict[str, Handler]:
    """Every handler once, by its path."""
    return {h.path: h for handlers in SUBSCRIPTIONS.values() for h in handlers}


def names() -> dict[str, tuple[str, ...]]:
    """Event name → paths of its handlers, as the kernel wants it."""
    return {event: tuple(h.path for h in handlers) for event, handlers in SUBSCRIPTIONS.items()}
