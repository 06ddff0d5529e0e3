"""The pictures of a product: several are added at once, put in order, told in words, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.models import Media, Product
from catalog.services.pictures import MOST, Alt, add_pictures, arrange_pictures
from operators.bilingual import say
from operators.scope import SELLERS
from operators.steps import Step
from operators.tables import Table

_WORDS = (
    ("zh", say("替代文字（中文）", "alt text, Chinese")),
    ("en", say("替代文字（英文）", "alt text, English")),
)


class _Several(UnfoldAdminFileFieldWidget):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class SeveralField(forms.FileField):
    """Up to MOST files."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = [super(SeveralField, self).clean(one, initial) for one in data or [None]]
        if len(found) > MOST:
            raise forms.ValidationError(say(f"一次最多 {MOST} 张。", f"At most {MOST} at once."))
        return found


class AddForm(forms.Form):
    """Which pictures."""

    pictures = SeveralField(
        label=say("图片", "pictures"),
        widget=_Several(attrs={"multiple": True, "accept": "image/jpeg,image/png,image/webp"}),
        help_text=say(
            "可多选；JPEG、PNG 或 WebP，每张不超过 5 MB；拍摄地点等隐藏信息会去除。",
            "Several at once; JPEG, PNG or WebP of at most 5 MB each; what is hidden in them is left out.",
        ),
    )


def shown(product: Product) -> list[Table]:
    """Its pictures in their order."""
    rows = Media.objects.filter(product=product).order_by("position")
    return [
        {
            "title": say("图片（第一张用于列表）", "Pictures, the first one on cards"),
            "headers": ["", say("图片", "picture"), say("替代文字", "alt text"), say("像素", "pixels")],
            "rows": [
                [number, _image(row), f"{row.alt_zh} · {row.alt_en}", f"{row.width} × {row.height}"]
                for number, row in enumerate(rows, start=1)
            ],
        }
    ]


def _image(row: Media) -> Any:
    return format_html(
        '<img src="{}{}" alt="{}" loading="lazy" class="goods-picture">',
        settings.MEDIA_URL,
        row.thumbnail_path,
        row.alt_zh,
    )


class _Shown(forms.Form):
    """Asks only for pictures that the page showed: what a colleague added meanwhile is left alone."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.is_bound:
            for name in [*self.fields]:
                if f"place_{name.partition('_')[2]}" not in self.data:
                    del self.fields[name]


def _arrange_form(row: Product) -> type[forms.Form]:
    """For each picture its place, empty to take it away, and its words."""
    fields: dict[str, Any] = {}
    for number, one in enumerate(Media.objects.filter(product=row).order_by("position"), start=1):
        name = say(f"第 {number} 张", f"picture {number}")
        fields[f"place_{one.pk}"] = forms.IntegerField(
            label=format_html("{} {}", name, _image(one)),
            initial=number,
            required=False,
            min_value=1,
            max_value=99,
            help_text=say("顺序；留空即删除", "its place; empty takes it away"),
            widget=UnfoldAdminIntegerFieldWidget,
        )
        for word, told in _WORDS:
            fields[f"{word}_{one.pk}"] = forms.CharField(
                label=told,
                initial=getattr(one, f"alt_{word}"),
                max_length=160,
                widget=UnfoldAdminTextInputWidget,
            )
    return type("ArrangeForm", (_Shown,), fields)


def _add(row: Product, values: Mapping[str, Any], who: str, at: datetime) -> None:
    found = ((one.name, one.read()) for one in values["pictures"])
    add_pictures(storefront_id=row.storefront_id, code=row.code, found=found, by=who, now=at)


def _arrange(row: Product, values: Mapping[str, Any], who: str, at: datetime) -> None:
    told = {int(name[6:]): place for name, place in values.items() if name.startswith("place_")}
    places = {pk: place for pk, place in told.items() if place}
    arrange_pictures(
        storefront_id=row.storefront_id,
        code=row.code,
        order=sorted(places, key=lambda pk: (places[pk], pk)),
        gone=told.keys() - places.keys(),
        alts={pk: Alt(values[f"zh_{pk}"], values[f"en_{pk}"]) for pk in places},
        by=who,
        now=at,
    )


PICTURES = (
    Step(
        name="pictures",
        title=say("添加图片", "Add pictures"),
        icon="add_photo_alternate",
        form=AddForm,
        do=_add,
        roles=SELLERS,
        outside=True,  # pictures are decoded before anything is locked
    ),
    Step(
        name="arrange",
        title=say("整理图片", "Arrange pictures"),
        icon="photo_library",
        form=forms.Form,
        form_of=_arrange_form,
        do=_arrange,
        roles=SELLERS,
        legal=lambda row: isinstance(row, Product) and row.media.exists(),
    ),
)
