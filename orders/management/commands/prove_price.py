"""`manage.py prove_price NUMBER`: from which published price and cut an order's price follows, or exit 1."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.money import yuan
from orders.models import Order
from orders.price_proof import PriceProof, ProvedLine, price_proof


class Command(BaseCommand):
    help = "Prove that an order's price derives from public price and public promotion alone (PIPL Art. 24)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="of the order")

    def handle(self, *args: Any, **options: Any) -> None:
        order = (
            Order.objects.select_related("quote", "claim__coupon").filter(number=options["number"]).first()
        )
        if order is None:
            raise CommandError(f"There is no order {options['number']}.")
        proof = price_proof(order)
        for line in told(proof):
            self.stdout.write(line)
        if not proof.holds:
            sys.exit(1)


def told(proof: PriceProof) -> list[str]:
    """The proof in plain lines; nothing in it is about a person."""
    lines = [f"order {proof.number}, quoted {proof.quoted_at:%F %T} UTC"]
    lines += [_line(one) for one in proof.lines]
    if proof.coupon:
        lines.append(
            f"  coupon {proof.coupon.code}: ¥{yuan(proof.coupon.reduces_fen)} from"
            f" ¥{yuan(proof.coupon.from_goods_fen)} of goods, for everyone"
        )
    same = proof.discount_fen == proof.coupon_fen
    lines.append(
        f"  reduction ¥{yuan(proof.discount_fen)}, by its terms ¥{yuan(proof.coupon_fen)} {_mark(same)}"
    )
    lines.append(
        "derived from public price and public promotion alone; nothing about the person entered"
        if proof.holds
        else "NOT derivable from what was public"
    )
    return lines


def _line(one: ProvedLine) -> str:
    said = f"  {one.quantity} × {one.sku} for ¥{yuan(one.goods_fen)}:"
    if one.public is None:
        return f"{said} no public price {_mark(False)}"
    price = one.public.price
    said += f" list price ¥{yuan(price.price_fen)} since {price.starts_at:%F %T}"
    if one.cut:
        said += (
            f", cut to ¥{yuan(one.cut.price_fen)} from {one.cut.starts_at:%F %T} to {one.cut.ends_at:%F %T}"
        )
    return f"{said} {_mark(one.holds)}"


def _mark(holds: bool) -> str:
    return "✓" if holds else "✗"
