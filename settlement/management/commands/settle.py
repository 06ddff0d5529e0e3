"""`manage.py settle …`: what has not gone abroad and why, batches from draft to close, position, accounts."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel import files
from kernel.clock import SHANGHAI, now, shanghai_day
from kernel.errors import Problem
from kernel.money import yuan
from kernel.sheets import Sheet
from orders.models import Order
from settlement import brand_file
from settlement.brand import brand_statement
from settlement.currency import parsed, shown
from settlement.models import ForexReceipt, SettlementBatch, SettlementItem
from settlement.position import positions
from settlement.services.batches import discard_batch, make_batch
from settlement.services.exchange import export_batch, take_answer
from settlement.services.receipts import close_batch, record_receipt
from settlement.trade_evidence import trade_evidence
from settlement.unsettled import unsettled
from storefronts.models import Storefront

BY = "console"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        shops = (
            ("unsettled", "each order that has not gone abroad, with its reasons, as CSV"),
            (
                "position",
                "what is promised, in batches, to be taken back, on its way, received and charged, as CSV",
            ),
        )
        for name, does in shops:
            verbs.add_parser(name, help=does).add_argument("storefront", help="its code")
        made = verbs.add_parser("make", help="a draft of all that is ready")
        made.add_argument("storefront")
        made.add_argument("currency")
        proofs = verbs.add_parser(
            "evidence", help="which evidence of trade is there and which missing, as CSV"
        )
        proofs.add_argument("number", help="of an order or a batch")
        told = verbs.add_parser(
            "statement", help="what was settled for the brand in a period and credited, as CSV"
        )
        told.add_argument("storefront")
        told.add_argument("currency")
        told.add_argument("first", type=date.fromisoformat)
        told.add_argument("last", type=date.fromisoformat)
        batches = (
            ("discard", "give a draft up"),
            ("export", "the file for the institution, and its SHA-256"),
            ("answer", "take the institution's answer"),
            ("receive", "record what the bank credited or charged"),
            ("close", "a batch of which everything has come"),
        )
        parsers = {}
        for name, does in batches:
            parsers[name] = verbs.add_parser(name, help=does)
            parsers[name].add_argument("number", help="of the batch")
        parsers["export"].add_argument("folder", type=Path, help="where the file is written")
        parsers["answer"].add_argument("file", type=Path)
        parsers["receive"].add_argument("reference", help="the bank's")
        parsers["receive"].add_argument("amount", help="with its decimals, 36.80")
        parsers["receive"].add_argument("day", type=date.fromisoformat)
        parsers["receive"].add_argument("--charge", action="store_true", help="the bank kept it")

    def handle(self, *args: Any, **options: Any) -> None:
        does: Callable[[dict[str, Any]], None] = getattr(self, f"_{options['verb']}")
        try:
            does(options)
        except Problem as problem:
            raise CommandError(problem.text("en")) from None

    def _unsettled(self, options: dict[str, Any]) -> None:
        out = Sheet(self.stdout)
        out.row(["order", "paid_on", "net_yuan", "currency", "promised", "batch", "reasons"])
        for one in unsettled(storefront_id=_shop(options).pk, day=shanghai_day(now())):
            promised = "" if one.promised_minor is None else shown(one.promised_minor, one.currency)
            why = "; ".join(reason.en for reason in one.reasons) or "ready"
            out.row([one.number, one.paid_on, yuan(one.net_fen), one.currency, promised, one.batch, why])

    def _position(self, options: dict[str, Any]) -> None:
        columns = (
            "waiting",
            "ready",
            "in_batch",
            "taken_back",
            "on_its_way",
            "received",
            "charged",
            "result",
        )
        out = Sheet(self.stdout)
        out.row(["currency", *columns, "result_yuan"])
        shop = _shop(options)
        waiting = unsettled(storefront_id=shop.pk, day=shanghai_day(now()))
        for at in positions(storefront_id=shop.pk, waiting=waiting):
            amounts = [shown(getattr(at, name), at.currency) for name in columns]
            out.row([at.currency, *amounts, yuan(at.result_fen)])

    def _evidence(self, options: dict[str, Any]) -> None:
        number = options["number"]
        orders = list(Order.objects.filter(number=number).values_list("pk", flat=True)) or list(
            SettlementItem.objects.filter(batch__number=number).values_list("order_id", flat=True)
        )
        if not orders:
            raise CommandError(f"there is no order and no batch “{number}”")
        out = Sheet(self.stdout)
        out.row(["order", "evidence", "stands", "reference", "at"])
        for one in trade_evidence(orders=orders):
            at = one.at.astimezone(SHANGHAI).isoformat(timespec="seconds") if one.at else ""
            out.row([one.order, one.proof, one.standing, one.reference, at])

    def _make(self, options: dict[str, Any]) -> None:
        batch = make_batch(storefront_id=_shop(options).pk, currency=options["currency"], by=BY, now=now())
        promised = shown(batch.promised_minor, batch.currency)
        self.stdout.write(f"{batch.number}: {batch.items_count} orders, {yuan(batch.net_fen)} yuan")
        self.stdout.write(f"promised {promised} {batch.currency}")

    def _statement(self, options: dict[str, Any]) -> None:
        told = brand_statement(
            storefront_id=_shop(options).pk,
            currency=options["currency"],
            first=options["first"],
            last=options["last"],
        )
        brand_file.write(told, self.stdout)

    def _discard(self, options: dict[str, Any]) -> None:
        discard_batch(batch=_batch(options), by=BY, now=now())

    def _export(self, options: dict[str, Any]) -> None:
        file = export_batch(batch=_batch(options), by=BY, now=now())
        (options["folder"] / file.name).write_bytes(files.read(file))
        (options["folder"] / f"{file.name}.sha256").write_text(f"{file.sha256}  {file.name}\n")
        self.stdout.write(f"{file.sha256}  {file.name}")

    def _answer(self, options: dict[str, Any]) -> None:
        batch = _batch(options)
        batch = take_answer(batch=batch, content=options["file"].read_bytes(), by=BY, now=now())
        settled = shown(batch.foreign_minor, batch.currency)
        self.stdout.write(
            f"{batch.number} {batch.state}: {settled} {batch.currency}, result {yuan(batch.result_fen)} yuan"
        )

    def _receive(self, options: dict[str, Any]) -> None:
        batch = _batch(options)
        try:
            amount = parsed(options["amount"], batch.currency)
        except ValueError:
            raise CommandError(f"{options['amount']} is no amount in {batch.currency}") from None
        kind = ForexReceipt.Kind.CHARGE if options["charge"] else ForexReceipt.Kind.CREDIT
        record_receipt(
            batch=batch,
            kind=kind,
            reference=options["reference"],
            amount_minor=amount,
            credited_on=options["day"],
            by=BY,
            now=now(),
        )

    def _close(self, options: dict[str, Any]) -> None:
        close_batch(batch=_batch(options), by=BY, now=now())


def _shop(options: dict[str, Any]) -> Storefront:
    shop = Storefront.objects.filter(code=options["storefront"]).first()
    if shop is None:
        raise CommandError(f"there is no storefront “{options['storefront']}”")
    return shop


def _batch(options: dict[str, Any]) -> SettlementBatch:
    batch = SettlementBatch.objects.filter(number=options["number"]).first()
    if batch is None:
        raise CommandError(f"there is no batch “{options['number']}”")
    return batch
