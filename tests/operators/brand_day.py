"""The brand whose day the stories tell: its goods have names, its tables of the law sources."""

from __future__ import annotations

from catalog.models import Product, Variant
from catalog.services.import_products import import_products
from compliance.models import PositiveListLine, TariffLine
from storefronts.models import Storefront
from tests import make
from tests.catalog import shelf


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
    return world
