"""The brand whose day the stories tell: its goods have names, its tables of the law sources."""

from __future__ import annotations

from datetime import timedelta

from catalog.models import Product, Variant
from catalog.services.import_products import import_products
from compliance.models import PositiveListLine, TariffLine
from kernel.clock import shanghai_day
from kernel.models import Delivery
from logistics.services import shipments
from orders.models import Order
from reporting.models import Day, StaleDay
from reporting.services import count
from storefronts.models import Storefront
from tests import make
from tests.catalog import shelf
from tests.payments.reports import paid


def brand_day() -> make.World:
    """A brand that sells since a month, on a Friday afternoon."""
    world = make.made_world()
    Storefront.objects.filter(pk=world.shop.pk).update(name="Aube Overseas", name_zh="欧本海外旗舰店")
    for variant, zh, en, colour_zh, colour_en in (
        (world.dryer, "负离子吹风机 1600W", "Ionic hair dryer 1600 W", "珊瑚红", "Coral"),
        (world.iron, "陶瓷直发夹", "Ceramic hair straightener", "珍珠白", "Pearl"),
    ):
        Product.objects.filter(pk=variant.product_id).update(name_zh=zh, name_en=en)
        options = {"zh": {"颜色": colour_zh}, "en": {"Colour": colour_en}}
        Variant.objects.filter(pk=variant.pk).update(
            options=options, spec_zh="电吹风|220V", e_label_zh=f"产品名称：{zh}"
        )
    for code, name in (("85163100", "电吹风机"), ("33049900", "其他美容品或化妆品及护肤品")):
        TariffLine.objects.filter(hs_code=code).update(name_zh=name, source="进出口税则（2026）")
        PositiveListLine.objects.filter(hs_code=code).update(name_zh=name, source="财政部等公告2022年第7号")
    shelf.shelves(world.shop)
    draft = shelf.row(e_label_zh="")
    import_products(
        storefront_id=world.shop.pk, file_name="serum.csv", content=shelf.table(draft), now=make.NOW
    )
    _bought(world)
    _days_before(world)
    return world


def _bought(world: make.World) -> None:
    """Five people have paid since noon, and one has not yet; nothing is packed."""
    people = [world.alice, *(make.buyer(world.shop, f"c{n}", number=make.id_number(n)) for n in range(1, 5))]
    for n, person in enumerate(people):
        at = make.NOW + timedelta(minutes=23 * n)
        order = make.order(person, ("HD-1", 1 + n % 3), ("IR-1", 1), now=at)
        paid(order, success_time=at + timedelta(minutes=2))
        shipments.open_shipment(order=Order.objects.get(pk=order.pk), now=at)
    make.order(people[1], ("IR-1", 2), now=make.NOW + timedelta(hours=2, minutes=50))
    for person in people:
        make.quote(person, ("HD-1", 1), now=make.NOW + timedelta(hours=2))  # and thinks about another
    Delivery.objects.all().delete()  # each was delivered
    StaleDay.objects.all().delete()
    count(storefront_id=world.shop.pk, day=shanghai_day(make.NOW), now=make.NOW + timedelta(hours=3))


def _days_before(world: make.World) -> None:
    """A month of invented days, the last one a holiday's worth."""
    today = shanghai_day(make.NOW)
    for ago in range(1, 30):
        wave = 6 + (ago * 7) % 5 + (4 if (today - timedelta(days=ago)).weekday() > 4 else 0)
        Day.objects.create(
            storefront=world.shop,
            day=today - timedelta(days=ago),
            placed=wave + 2,
            placed_fen=(wave + 2) * 18_350,
            paid=wave,
            paid_fen=wave * 18_350,
            refunded=ago % 3,
            refunded_fen=ago % 3 * 9_900,
            quotes=wave * 3,
            quotes_ordered=wave + 2,
            quotes_paid=wave,
            released=wave,
            clearance={"2": wave - 3, "5": 2, "18": 1},
            returns_asked=ago % 3,
            returns_settled=(ago + 1) % 3,
            counted_at=make.NOW,
        )
