"""Which parts a shop's look has, what they are called, and what a look or a place in it is in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operators.bilingual import chinese, say
from operators.shop_fields import (
    Choice,
    Codes,
    Colour,
    Each,
    Flag,
    Group,
    Instant,
    Number,
    PictureOf,
    Plain,
    Rows,
    Shape,
    Words,
)
from shopfront.form import MOST, PAGES, Fault

TABS = {
    "home": ("首页", "home"),
    "category": ("分类", "shelves"),
    "cart": ("购物车", "cart"),
    "me": ("我的", "me"),
}
KINDS = {
    "banner": say("轮播大图", "banner"),
    "grid": say("宫格导航", "grid"),
    "products": say("商品列表", "products"),
    "text": say("文字", "text"),
    "coupons": say("领券", "coupons"),
}
_PAGES = ", ".join(PAGES)
_LINK = Group(
    {
        "kind": Choice(
            say("点击后前往", "leads to"),
            {
                "none": say("无", "nowhere"),
                "product": say("商品", "a product"),
                "category": say("分类", "a category"),
                "brand": say("品牌", "a brand"),
                "promotion": say("促销活动", "a promotion"),
                "search": say("搜索", "a search"),
                "coupons": say("优惠券", "coupons"),
                "page": say("页面", "a page"),
            },
        ),
        "code": Plain(say(f"编码、搜索词或页面（{_PAGES}）", f"its code, words, or page ({_PAGES})"), 80),
    }
)
_SOURCE = Group(
    {
        "kind": Choice(
            say("商品来源", "which products"),
            {
                "newest": say("最新", "the newest"),
                "popular": say("热销", "the most popular"),
                "category": say("某分类", "of a category"),
                "brand": say("某品牌", "of a brand"),
                "promotion": say("某促销活动", "of a promotion"),
                "picked": say("指定商品", "picked ones"),
            },
        ),
        "code": Plain(say("分类、品牌或促销编码", "code of the category, brand or promotion"), 80),
        "codes": Codes(say("指定商品编码（每行一个）", "codes of the picked products, one a line")),
    }
)
_TITLE = Words(say("标题", "title"), 40)
LOOK = Group(
    {
        "primary": Colour(say("主色（按钮）", "primary: buttons")),
        "on_primary": Colour(say("主色上的文字", "words on primary")),
        "accent": Colour(say("强调色（价格）", "accent: prices")),
        "page": Colour(say("页面背景", "background of pages")),
        "surface": Colour(say("卡片背景", "background of cards")),
        "ink": Colour(say("文字", "text")),
        "corner": Choice(
            say("圆角", "corners"),
            {"square": say("直角", "square"), "soft": say("小圆角", "soft"), "round": say("大圆角", "round")},
        ),
        "card": Choice(
            say("卡片样式", "cards"),
            {"flat": say("平面", "flat"), "outline": say("描边", "outline"), "shadow": say("阴影", "shadow")},
        ),
        "logo": PictureOf(
            say("标志（建议透明 PNG，640 像素宽）", "logo, best a clear PNG 640 pixels wide"), "logo"
        ),
        "wordmark": Words(say("店名（无标志时显示）", "name, shown where there is no logo"), 30),
        "slogan": Words(say("标语（可不填）", "slogan, may be empty"), 60),
    }
)


def _of_tab(zh: str, en: str) -> Any:
    return lambda tab: say(f"{tab[0]}：{zh}", f"{tab[1]}: {en}")


_text, _icon, _chosen = (
    _of_tab("文字", "words"),
    _of_tab("图标", "icon"),
    _of_tab("选中图标", "icon when chosen"),
)
TAB_BAR = Each(
    TABS,
    "tab",
    {
        "text": lambda tab: Words(_text(tab), 12),
        "icon": lambda tab: PictureOf(_icon(tab), "icon"),
        "icon_selected": lambda tab: PictureOf(_chosen(tab), "icon"),
    },
)
_NOTICE = Group(
    {
        "kind": Choice(
            say("类型", "kind"), {"info": say("通知", "notice"), "warning": say("提醒", "warning")}
        ),
        "text": Words(say("内容", "text"), 120),
        "from": Instant(say("开始（可不填）", "from, may be empty")),
        "until": Instant(say("结束（可不填）", "until, may be empty")),
    },
    numbered=True,
)
WORDS = Group(
    {
        "notices": Rows(say("公告", "notice"), _NOTICE, more=1),
        "search_words": Rows(say("热门搜索", "popular search"), Words(say("搜索词", "words"), 20)),
        "customer_service": Group(
            {
                "phone": Plain(say("客服电话", "telephone of the customer service"), 30),
                "hours": Words(say("服务时间", "its hours"), 60),
            }
        ),
    }
)
_BANNER = Group(
    {
        "picture": PictureOf(say("图片（建议 1500 × 700）", "picture, best 1500 × 700"), "banner"),
        "says": Words(say("图片说明", "what it says to who cannot see it"), 60),
        "link": _LINK,
    }
)
_CELL = Group(
    {
        "picture": PictureOf(say("图片（可不填）", "picture, may be empty"), "grid"),
        "name": Words(say("名称", "name"), 20),
        "link": _LINK,
    }
)
BLOCKS: Mapping[str, Shape] = {
    "banner": Group({"items": Rows(say("大图", "picture"), _BANNER)}, {"kind": "banner"}, numbered=True),
    "grid": Group(
        {
            "columns": Choice(say("每行", "in a row"), {n: str(n) for n in (2, 3, 4, 5)}),
            "categories": Flag(say("自动显示一级分类", "show the shelves of the first level")),
            "items": Rows(say("格", "cell"), _CELL),
        },
        {"kind": "grid"},
        numbered=True,
    ),
    "products": Group(
        {
            "title": _TITLE,
            "layout": Choice(
                say("排列", "layout"),
                {"rail": say("横滑", "rail"), "grid": say("两列", "grid"), "list": say("列表", "list")},
            ),
            "source": _SOURCE,
            "most": Number(say("至多几件", "at most so many"), MOST["picked"], 8),
            "more": _LINK,
        },
        {"kind": "products"},
        numbered=True,
    ),
    "text": Group(
        {
            "title": _TITLE,
            "paragraphs": Rows(say("段落", "paragraph"), Words(say("文字", "text"), 500, long=True)),
        },
        {"kind": "text"},
        numbered=True,
    ),
    "coupons": Group({"title": _TITLE}, {"kind": "coupons"}, numbered=True),
}
_PLACES = {
    "look": say("外观", "look"),
    "tabs": say("底部导航", "tab"),
    "notices": say("公告", "notice"),
    "search_words": say("热门搜索", "popular search"),
    "customer_service": say("客服", "customer service"),
    "blocks": say("区块", "block"),
    "items": say("项", "item"),
    "paragraphs": say("段落", "paragraph"),
    "picture": say("图片", "picture"),
    "link": say("链接", "link"),
    "more": say("查看更多", "more"),
    "source": say("商品来源", "source"),
    "codes": say("指定商品", "picked product"),
    "code": say("编码", "code"),
    "title": say("标题", "title"),
    "name": say("名称", "name"),
    "text": say("文字", "text"),
    "says": say("图片说明", "words of the picture"),
    "until": say("结束时间", "end"),
    "wordmark": say("店名", "name"),
    "slogan": say("标语", "slogan"),
    "logo": say("标志", "logo"),
    "primary": say("主色", "primary"),
    "on_primary": say("主色上的文字", "words on primary"),
    "accent": say("强调色", "accent"),
    "page": say("页面背景", "page"),
    "ink": say("文字", "text"),
    "surface": say("卡片背景", "cards"),
    "zh": say("中文", "Chinese"),
    "en": say("英文", "English"),
}


def told(fault: Fault) -> str:
    """A fault in the reader's language, with its place in words: “block 2 · item 1 · link: …”."""
    steps: list[str] = []
    for step in fault.at.split("."):
        if step.isdigit() and steps:
            steps[-1] += f" {int(step) + 1}"
        else:
            steps.append(str(_PLACES.get(step, step)))
    return f"{' · '.join(steps)}{'：' if chinese() else ': '}{fault.zh if chinese() else fault.en}"


def read(content: Any) -> Any:
    """A document in the reader's language alone."""
    if isinstance(content, dict):
        if content.keys() == {"zh", "en"}:
            return content["zh" if chinese() else "en"]
        return {name: read(value) for name, value in content.items()}
    return [read(one) for one in content] if isinstance(content, list) else content
