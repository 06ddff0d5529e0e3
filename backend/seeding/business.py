"""A business of many orders: a few played through the services, and as many like them as are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection

from backend.seeding.casting import Caster, Known, Spec
from backend.seeding.filling import Cast, Space
from backend.seeding.lives import LIVES
from backend.seeding.moulds import Mould
from backend.seeding.people import person
from backend.seeding.wares import Ware, caster_of, models_by_table
from compliance import vault
from compliance.models import VALUE, AllowanceAccount
from customers import labels
from kernel.clock import SHANGHAI, now
from orders.models import Order
from storefronts.models import Storefront

# What is one order's own at the outside parties, by the column that holds it first.
NUMBERS = (
    ("orders_order", "number"),
    ("payments_payment", "out_trade_no"),
    ("payments_payment", "transaction_id"),
    ("payments_payment", "prepay_id"),
    ("payments_refund", "out_refund_no"),
    ("payments_refund", "refund_id"),
    ("payments_complaint", "external_id"),
    ("customs_declaration", "cop_no"),
    ("customs_declaration", "pre_no"),
    ("customs_declaration", "list_no"),
    ("customs_filing", "guid"),
    ("customs_portmessage", "guid"),
    ("customs_portreceipt", "digest"),
    ("customs_taxsheet", "tax_no"),
    ("customs_datarequest", "session"),
    ("logistics_parcel", "waybill"),
    ("returns_returnrequest", "number"),
    ("returns_returnrequest", "return_no"),
    ("returns_returnrequest", "waybill"),
)
YEARS, FIRST_YEAR = 16, 2020


@dataclass(frozen=True)
class Wish:
    """What is to be there."""

    orders: int
    customers: int
    skus: int
    days: int
    seed: int


class Business:
    """All that is cast: from which moulds, how many, and where their keys begin."""

    def __init__(self, shop: Storefront, patterns: list[Ware], kept: list[Mould], wish: Wish) -> None:
        self.shop, self.wish, self.kept, self.patterns = shop, wish, kept, patterns
        self.models = models_by_table()
        self.now = now()
        self.dice = Random(wish.seed)
        self.shop_key = vault.unwrap(shop.key)
        self.people_before = _count("customers_customer")
        told = (row["account_id"] for one in kept for row in one.rows.get("compliance_allowanceentry", ()))
        self.accounts = dict(AllowanceAccount.objects.filter(pk__in=set(told)).values_list("id", "measure"))
        self.measures = sorted({VALUE, *self.accounts.values()})
        self._spaces()
        self.wares = [caster_of(one, self.ware_space) for one in patterns]
        self.buyers = self._buyers(kept[0])
        self.lives = [self._life(one) for one in kept]
        self._deal()

    def _spaces(self) -> None:
        """Three blocks of keys a table, one behind the other: wares, customers, orders."""
        self.per_ware = max(len(one.rows["catalog_variant"]) for one in self.patterns)
        count = sum(len(one.rows["catalog_variant"]) for one in self.patterns) / len(self.patterns)
        self.ware_count = round(self.wish.skus / count)
        blocks = (
            (self.ware_count, [one.rows for one in self.patterns]),
            (self.wish.customers, [self.kept[0].buyer]),
            (self.wish.orders, [one.rows for one in self.kept]),
        )
        self.tables = sorted({t for _, all_rows in blocks for rows in all_rows for t in rows})
        ends = {table: _end(table) for table in self.tables}
        serial = 10**6 + Order.objects.count() * 64
        spaces = []
        for many, all_rows in blocks:
            sizes = {t: max(len(rows.get(t, ())) for rows in all_rows) for t in self.tables}
            spaces.append(Space({**ends, "serial": serial}, sizes))
            ends = {t: ends[t] + many * sizes[t] for t in self.tables}
        self.ware_space, self.buyer_space, self.order_space = spaces
        self.first_account = _end("compliance_allowanceaccount")

    def _buyers(self, mould: Mould) -> Caster:
        return Caster(
            mould.buyer,
            began=mould.began,
            space=self.buyer_space,
            models_=self.models,
            known=_of_buyer(mould),
        )

    def _life(self, mould: Mould) -> Caster:
        known = Known(seals=[(("shop",), self.shop_key)])
        for id, measure in self.accounts.items():
            known.accounts[id] = self.measures.index(measure)
        self._know_buyer(known, mould)
        for place in range(len(mould.skus)):
            self._know_ware(known, mould, f"ware{place}")
        for spec in [*known.texts.values(), *known.keys.values()]:
            if spec[0] == "from":  # theirs has a value for it, then
                caster = self.buyers if spec[1] == "buyer" else self.wares[self._number(mould, spec[1])]
                caster.gap(spec[2])
        return Caster(
            mould.rows,
            began=mould.began,
            space=self.order_space,
            models_=self.models,
            known=known,
            numbers=NUMBERS,
        )

    def _know_buyer(self, known: Known, mould: Mould) -> None:
        """What is the buyer's in the rows of an order."""
        theirs = _of_buyer(mould)
        known.texts |= {text: ("from", "buyer", spec) for text, spec in theirs.texts.items()}
        known.indexes |= theirs.indexes
        for table, rows in mould.buyer.items():
            key = self.models[table]._meta.pk.column
            for k, row in enumerate(rows):
                own: Spec = ("id", table, k) if isinstance(row[key], int) else ("uuid", table, k, key)
                known.keys[table, row[key]] = ("from", "buyer", own)
                for column, value in row.items():
                    if isinstance(value, UUID) and column not in self.buyers.links[table]:
                        known.texts[str(value)] = ("from", "buyer", ("uuid", table, k, column))

    def _know_ware(self, known: Known, mould: Mould, name: str) -> None:
        """What is of the goods in the rows of an order."""
        number = self._number(mould, name)
        for table in ("catalog_product", "catalog_variant", "inventory_stock", "inventory_lot"):
            for k, row in enumerate(self.patterns[number].rows[table]):
                known.keys[table, row["id"]] = ("from", name, ("id", table, k))
        named = {t: spec for t, spec in self.wares[number].known.texts.items() if spec[0] == "named"}
        known.texts |= {text: ("from", name, spec) for text, spec in named.items()}

    def _number(self, mould: Mould, name: str) -> int:
        return [one.sku for one in self.patterns].index(mould.skus[int(name.removeprefix("ware"))])

    # Who buys what when.

    def _deal(self) -> None:
        names = [one.name for one in self.kept]
        weights = [LIVES[name].share for name in names]
        dealt = []
        for _ in range(self.wish.orders):
            life = self.dice.choices(range(len(names)), weights)[0]
            dealt.append((self._start(self.kept[life]), life, self._who()))
        dealt.sort(key=lambda one: one[0])
        self.dealt = dealt

    def _start(self, mould: Mould) -> datetime:
        """When such a life began: an open one lately, another on any day, on later ones more often."""
        lasted = mould.ended - mould.began
        if hours := LIVES[mould.name].open_hours:
            return self.now - lasted - timedelta(hours=hours * self.dice.random())
        days = self.wish.days * (1 - self.dice.random() ** 0.7)
        at = (self.now - lasted - timedelta(days=days)).astimezone(SHANGHAI)
        hour = min(max(self.dice.gauss(19, 4), 0), 23.99)
        evening = at.replace(hour=int(hour), minute=self.dice.randrange(60))
        return min(evening, self.now - lasted - timedelta(minutes=1))

    def _who(self) -> int:
        """A customer; half of the orders come from a fifth of them."""
        many = self.wish.customers
        return self.dice.randrange(max(many // 5, 1) if self.dice.random() < 0.5 else many)

    # What a process casts.

    def ware_values(self, q: int) -> tuple[Caster, list[str]]:
        """The q-th product."""
        caster = self.wares[q % len(self.wares)]
        start = self.now - timedelta(days=self.wish.days + 10, minutes=q)
        tail = f"{self.ware_space.base['catalog_product'] + q:05d}"
        cast = Cast(q, self.ware_space, caster.began, start, Random(q), {"tail": tail})
        return caster, caster.values(cast)

    def buyer_values(self, m: int, *, seal: bool) -> list[str]:
        """The m-th customer; the same each time but for what is sealed."""
        who = person(self.people_before + m)
        facts = {
            "name": who.name,
            "phone": who.phone,
            "street": who.street,
            "number": who.number,
            "openid": who.openid,
        }
        dice = Random((self.wish.seed << 40) + m)
        start = self.now - timedelta(days=self.wish.days + 1, seconds=m)
        cast = Cast(m, self.buyer_space, self.buyers.began, start, dice, facts)
        return self.buyers.values(cast, seal=seal)

    def order_values(self, n: int) -> tuple[Caster, list[str]]:
        """The n-th order."""
        start, life, m = self.dealt[n]
        caster, mould = self.lives[life], self.kept[life]
        dice = Random((self.wish.seed << 40) + (1 << 32) + n)
        others = {"buyer": (self.buyers, self.buyer_values(m, seal=False))}
        for place in range(len(mould.skus)):
            pattern = self._number(mould, f"ware{place}")
            many = max((self.ware_count - pattern + len(self.wares) - 1) // len(self.wares), 1)
            which = min(int(many * dice.random() ** 2), many - 1)  # some sell better than others
            others[f"ware{place}"] = self.ware_values(pattern + which * len(self.wares))

        def account(year: int, measure: int) -> int:
            return self.first_account + (m * YEARS + year - FIRST_YEAR) * len(self.measures) + measure

        seen = {whose: _looking(*one) for whose, one in others.items()}
        cast = Cast(n, self.order_space, caster.began, start, dice, {}, seen, account)
        return caster, caster.values(cast)


def _looking(caster: Caster, values: list[str]) -> Callable[[Spec], str]:
    return lambda spec: values[caster.specs[spec]]


def _of_buyer(mould: Mould) -> Known:
    """What is known of the buyer of a mould: who they are, in plain, and the indexes of it."""
    (key_row,) = mould.buyer["compliance_datakey"]
    key = vault.unwrap_raw(key_row["id"], bytes(key_row["wrapped"]), key_row["master_key_id"])
    (customer,) = mould.buyer["customers_customer"]
    (address,) = mould.buyer["customers_address"]
    (identity,) = mould.buyer["customers_identity"]

    def plain(label: str, row: dict[str, Any], column: str) -> str:
        return key.open(label, row["public_id"], bytes(row[column]))

    facts = {
        "openid": plain(labels.OPENID, customer, "openid_sealed"),
        "phone": plain(labels.ADDRESS_PHONE, address, "phone_sealed"),
        "street": plain(labels.ADDRESS_STREET, address, "street_sealed"),
        "name": plain(labels.IDENTITY_NAME, identity, "name_sealed"),
        "number": plain(labels.IDENTITY_NUMBER, identity, "number_sealed"),
    }
    known = Known({value: ("fact", name) for name, value in facts.items()})
    for kind, text in (
        ("openid", facts["openid"]),
        ("phone", facts["phone"]),
        ("id_number", facts["number"]),
        ("identity_pair", f"{facts['name']}\n{facts['number']}"),
        ("address", f"{address['division_code']} {facts['street']}"),
    ):
        known.indexes[vault.blind(kind, text)] = (kind, text)  # type: ignore[arg-type]
    return known


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        count: int = cursor.fetchone()[0]
    return count


def _end(table: str) -> int:
    """The first key of a table that is free; where keys are no numbers, nothing that counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = 'id'"
            " AND is_identity = 'YES'",
            [table],
        )
        if not cursor.fetchone():
            return 0
        cursor.execute(f'SELECT coalesce(max(id), 0) + 1 FROM "{table}"')
        end: int = cursor.fetchone()[0]
    return end
