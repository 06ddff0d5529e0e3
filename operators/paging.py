"""A list counts its rows as far as anyone would turn its pages; beyond, it says that there are more."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.formats import number_format
from django.utils.functional import cached_property

from operators.bilingual import chinese

MOST = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not generic when it runs
    """`count` is exact up to MOST; counting a table of millions takes longer than reading a page of it."""

    template_name = "operators/pages.html"

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: MOST + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._counted, MOST)

    @property
    def more(self) -> bool:
        """Whether there are rows that no page shows: a filter or a search leads to them."""
        return self._counted > MOST

    @property
    def told(self) -> str:
        """How many rows, for the eye."""
        shown = number_format(self.count, force_grouping=True)
        if not self.more:
            return shown
        return f"超过 {shown} 条，请筛选或搜索" if chinese() else f"more than {shown}: filter or search"
