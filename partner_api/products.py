"""Products one by one: read, changed at once, put on the shelves and taken off."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.importing.faults import Fault, ImportRefused
from catalog.importing.upsert import cells_of, field_of
from catalog.models import SKU, Product, Variant
from catalog.services.prices import NoSuchVariant
from catalog.services.publication import publish, withdraw
from catalog.services.upserts import Wish, upsert
from catalog.states import PRODUCT
from kernel.documents import answers, in_path
from partner_api.changes import FieldsQuery
from partner_api.door import Json, PartnerDoor, marked
from partner_api.goods import (
    MOST_VARIANTS,
    READ,
    READ_ONLY,
    WRITE,
    ProductBody,
    ProductOut,
    VariantOut,
    cuts_of,
    product,
    shown,
    variant,
)
from partner_api.pages import PageQuery, mind_match, page, paged, sparse, sparse_all, turned
from partner_api.upserting import CLASSIFY

LIST: Final = "products"
MOST_TOLD: Final = 100  # faults of one product
CODE = in_path("code", "the product's code, like rose-serum")


class ProductQuery(FieldsQuery, PageQuery):
    """Which products, and what of them."""

    state = serializers.ChoiceField(PRODUCT.states, required=False, default="")


class _ProductBody(serializers.Serializer[Any]):
    variants = serializers.ListField(
        child=serializers.DictField(), required=False, default=[], max_length=MOST_VARIANTS
    )


class WithdrawBody(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class Products(PartnerDoor):
    """Products."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[ProductQuery], responses=answers(200, paged(ProductOut), 422))
    def get(self, request: Request) -> Json:
        """All products, shown or not, with their variants and prices; new ones come last."""
        asked = self.asked(ProductQuery).validated_data
        rows = Product.objects.filter(storefront=self.storefront)
        if asked["state"]:
            rows = rows.filter(state=asked["state"])
        items, more = turned(rows.select_related("category", "brand").defer("search"), LIST, asked)
        told = sparse_all(shown(items, self.now), asked["fields"], ProductOut)
        return Json(page(told, next=more))


class OneProduct(PartnerDoor):
    """A product."""

    scopes = {"GET": READ, "PUT": WRITE}

    @extend_schema(parameters=[CODE, FieldsQuery], responses=answers(200, ProductOut, 404, 422))
    def get(self, request: Request, code: str) -> Json:
        """The product with all its variants, list and present prices, customs attributes, and its ETag."""
        asked = self.asked(FieldsQuery).validated_data
        row = product(self, code)
        return marked(sparse(row, asked["fields"]), of=row)

    @extend_schema(
        parameters=[CODE],
        request=ProductBody,
        responses=answers(201, ProductOut) | answers(200, ProductOut, 404, 409, 422),
    )
    def put(self, request: Request, code: str) -> Json:
        """Add or change one product at once, by the same rules as in bulk; all of it or nothing.

        What is not named stays, other variants too. If-Match is needed where the product is there already.
        """
        new = not Product.objects.filter(storefront=self.storefront, code=code).exists()
        if not new:
            self._seen(code)
        rows = self._rows(code)
        faults: list[Fault] = []
        told = [(number, cells_of(number, row, faults)) for number, row in enumerate(rows, start=1)]
        wish = Wish(code, request._request.body, told, faults, whole=True, may_classify=self.may(CLASSIFY))
        outcomes = upsert(
            storefront_id=self.storefront.pk,
            wish=wish,
            by=self.by,
            now=self.now,
            alone=False,
            mind=lambda: self._seen(code),
        )
        against = [fault for one in outcomes if not one.because for fault in one.faults]
        if against:
            raise _refused(code, against)
        row = product(self, code)
        return marked(row, status=201 if new else 200)

    def _seen(self, code: str) -> None:
        """A product that is there was read as it is now."""
        if Product.objects.filter(storefront=self.storefront, code=code).exists():
            mind_match(self.request._request, product(self, code))

    def _rows(self, code: str) -> list[dict[str, Any]]:
        """The body as rows of the bulk address; what is told and never taken is passed over."""
        variants = self.taken(_ProductBody).validated_data["variants"]
        if not variants:
            of = Variant.objects.filter(storefront=self.storefront, product__code=code)
            variants = [
                {"sku": sku} for sku in of.order_by("position", "id").values_list("sku", flat=True)[:1]
            ]
        rows = [{**one, "product_code": one.get("product_code", code)} for one in variants]
        told = {name: value for name, value in self.request.data.items() if name != "variants"}
        if not rows or told.pop("product_code", code) != code:
            column = "product_code" if rows else "variants"
            raise _refused(
                code, [Fault(1, column, "is not that of the address, or empty", "与地址不符或为空")]
            )
        rows[0] |= told
        return [{name: value for name, value in row.items() if name not in READ_ONLY} for row in rows]


class _Verb(PartnerDoor):
    """What is done to a product as a whole."""

    scopes = {"POST": WRITE}

    def told(self, code: str) -> Json:
        """The product as it is then."""
        return Json(product(self, code))


class Publish(_Verb):
    """On the shelves."""

    @extend_schema(parameters=[CODE], request=None, responses=answers(200, ProductOut, 404, 409))
    def post(self, request: Request, code: str) -> Json:
        """Show a product; what it still lacks for that is named. The law may refuse it."""
        publish(storefront_id=self.storefront.pk, code=code, by=self.by, now=self.now)
        return self.told(code)


class Withdraw(_Verb):
    """Off the shelves."""

    @extend_schema(parameters=[CODE], request=WithdrawBody, responses=answers(200, ProductOut, 404, 409))
    def post(self, request: Request, code: str) -> Json:
        """Take a product off the shelves at once, and say why if you like."""
        why = self.taken(WithdrawBody).validated_data["reason"]
        withdraw(storefront_id=self.storefront.pk, code=code, reason=why, by=self.by, now=self.now)
        return self.told(code)


class OneVariant(PartnerDoor):
    """A variant."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[in_path("sku", "the SKU")], responses=answers(200, VariantOut, 404))
    def get(self, request: Request, sku: str) -> Json:
        """One SKU with its prices and customs attributes, and its ETag."""
        rows = Variant.objects.filter(storefront=self.storefront).select_related("product")
        found = rows.filter(sku=sku).first() if re.fullmatch(SKU, sku) else None
        if found is None:
            raise NoSuchVariant(sku=sku[:30])
        row = variant(found, found.product.code, cuts_of([found], self.now).get(found.pk))
        return marked(row)


def _refused(code: str, faults: list[Fault]) -> ImportRefused:
    named = [replace(fault, column=field_of(fault.column)) for fault in faults[:MOST_TOLD]]
    return ImportRefused(file=code, count=len(faults), faults=named)
