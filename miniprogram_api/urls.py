"""Every address of the consumers' door, below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter

from catalog.models import SKU
from miniprogram_api import schema
from miniprogram_api.addresses import Address, Addresses, Divisions
from miniprogram_api.allowance import MyAllowance
from miniprogram_api.cart import CartLineView, CartView
from miniprogram_api.confirming import Confirming
from miniprogram_api.consents import Consents, ConsentTo, RiskNotice
from miniprogram_api.coupons import ClaimCoupon, Coupons, CouponView
from miniprogram_api.disclosures import MyDisclosures
from miniprogram_api.home import Home
from miniprogram_api.identity import MyIdentity
from miniprogram_api.kept import kept
from miniprogram_api.me import Me, MyPhone
from miniprogram_api.my_reviews import AddToReview, MyReview, MyReviews, ReviewsToWrite, WriteReview
from miniprogram_api.notices import Notice
from miniprogram_api.order_address import OrderAddress
from miniprogram_api.orderer import OrdererView, RefundInstead
from miniprogram_api.orders import CancelOrder, Orders, OrderView
from miniprogram_api.parcels import OrderParcels, OrderReceipt
from miniprogram_api.parties import Parties
from miniprogram_api.payment import StartPayment, SyncPayment
from miniprogram_api.price import OrderPrice
from miniprogram_api.products import LIST_PARAMETERS, Brands, Categories, Product, Products
from miniprogram_api.promotions import Promotion, Promotions
from miniprogram_api.quotes import Quotes, QuoteView
from miniprogram_api.return_again import AskAgain
from miniprogram_api.return_pictures import ReturnPictures, ReturnPictureView
from miniprogram_api.return_requests import AskReturn, ReturnOptions, ReturnQuote
from miniprogram_api.return_steps import (
    AcceptReturn,
    AppealReturn,
    DisputeReturn,
    ReplaceReturn,
    ReturnWay,
    WithdrawReturn,
)
from miniprogram_api.returns import Returns, ReturnView
from miniprogram_api.review_pictures import ReviewPictures
from miniprogram_api.reviews import LIST_PARAMETERS as REVIEW_PARAMETERS
from miniprogram_api.reviews import ProductReviews, ReviewPictureView, ReviewRules
from miniprogram_api.rights import CloseAccount, Export, Exports, MyData, MyLimit
from miniprogram_api.session import SessionView
from miniprogram_api.sharing import ReuseIdentity, ShareIdentity
from miniprogram_api.shop import PREVIEW, ShopView
from miniprogram_api.subscriptions import Subscriptions
from miniprogram_api.summary import MySummary


class SkuConverter:
    """A SKU; what cannot be one is no address."""

    regex = SKU.strip("^$")

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class NumberConverter(SkuConverter):
    """A public number of an order or a return."""

    regex = "[0-9A-Z]{10,32}"


register_converter(SkuConverter, "sku")
register_converter(NumberConverter, "number")

endpoints: list[URLPattern] = [
    # The pages for everyone stand first: an address is found by trying one after the other.
    path("shop", kept(ShopView.as_view(), apart=PREVIEW)),
    path("home", kept(Home.as_view(), apart=PREVIEW)),
    path("categories", kept(Categories.as_view())),
    path("brands", kept(Brands.as_view())),
    path("products", kept(Products.as_view(), *LIST_PARAMETERS)),
    path("products/<slug:code>", kept(Product.as_view())),
    path("products/<slug:code>/reviews", kept(ProductReviews.as_view(), *REVIEW_PARAMETERS)),
    path("reviews/rules", kept(ReviewRules.as_view())),
    path("reviews/pictures/<uuid:id>", ReviewPictureView.as_view()),
    path("promotions", kept(Promotions.as_view())),
    path("promotions/<slug:code>", kept(Promotion.as_view())),
    path("session", SessionView.as_view()),
    path("me", Me.as_view()),
    path("me/phone", MyPhone.as_view()),
    path("me/summary", MySummary.as_view()),
    path("me/addresses", Addresses.as_view()),
    path("me/addresses/<uuid:id>", Address.as_view()),
    path("me/identity", MyIdentity.as_view()),
    path("me/allowance", MyAllowance.as_view()),
    path("me/identity/share", ShareIdentity.as_view()),
    path("me/identity/reuse", ReuseIdentity.as_view()),
    path("me/consents", Consents.as_view()),
    path("me/consents/<slug:kind>", ConsentTo.as_view()),
    path("me/reviews", MyReviews.as_view()),
    path("me/reviews/open", ReviewsToWrite.as_view()),
    path("me/reviews/<uuid:id>", MyReview.as_view()),
    path("me/reviews/<uuid:id>/more", AddToReview.as_view()),
    path("me/subscriptions", Subscriptions.as_view()),
    path("me/disclosures", MyDisclosures.as_view()),
    path("me/notices/<slug:kind>", Notice.as_view()),
    path("me/data", MyData.as_view()),
    path("me/exports", Exports.as_view()),
    path("exports/<slug:secret>", Export.as_view()),
    path("me/limit", MyLimit.as_view()),
    path("me/closing", CloseAccount.as_view()),
    path("divisions", Divisions.as_view()),
    path("risk-notice", RiskNotice.as_view()),
    path("parties", Parties.as_view()),
    path("cart", CartView.as_view()),
    path("cart/lines/<sku:sku>", CartLineView.as_view()),
    path("coupons", Coupons.as_view()),
    path("coupons/<slug:code>", CouponView.as_view()),
    path("coupons/<slug:code>/claim", ClaimCoupon.as_view()),
    path("checkout", Confirming.as_view()),
    path("quotes", Quotes.as_view()),
    path("quotes/<uuid:token>", QuoteView.as_view()),
    path("orders", Orders.as_view()),
    path("orders/<number:number>", OrderView.as_view()),
    path("orders/<number:number>/parcels", OrderParcels.as_view()),
    path("orders/<number:number>/receipt", OrderReceipt.as_view()),
    path("orders/<number:number>/price", OrderPrice.as_view()),
    path("orders/<number:number>/cancel", CancelOrder.as_view()),
    path("orders/<number:number>/address", OrderAddress.as_view()),
    path("orders/<number:number>/orderer", OrdererView.as_view()),
    path("orders/<number:number>/orderer/refund", RefundInstead.as_view()),
    path("orders/<number:number>/payment", StartPayment.as_view()),
    path("orders/<number:number>/payment/sync", SyncPayment.as_view()),
    path("orders/<number:number>/returns", AskReturn.as_view()),
    path("orders/<number:number>/returns/again", AskAgain.as_view()),
    path("orders/<number:number>/returns/options", ReturnOptions.as_view()),
    path("orders/<number:number>/returns/quote", ReturnQuote.as_view()),
    path("orders/<number:number>/returns/pictures", ReturnPictures.as_view()),
    path("orders/<number:number>/returns/pictures/<uuid:id>", ReturnPictureView.as_view()),
    path("orders/<number:number>/reviews", WriteReview.as_view()),
    path("orders/<number:number>/reviews/pictures", ReviewPictures.as_view()),
    path("returns", Returns.as_view()),
    path("returns/<number:number>", ReturnView.as_view()),
    path("returns/<number:number>/way", ReturnWay.as_view()),
    path("returns/<number:number>/appeal", AppealReturn.as_view()),
    path("returns/<number:number>/withdraw", WithdrawReturn.as_view()),
    path("returns/<number:number>/dispute", DisputeReturn.as_view()),
    path("returns/<number:number>/accept", AcceptReturn.as_view()),
    path("returns/<number:number>/replacement", ReplaceReturn.as_view()),
]
urlpatterns: list[URLPattern] = [
    *endpoints,
    path("schema/", schema.schema, name="schema"),
    path("docs/", schema.docs, name="docs"),
    path("docs/start.js", schema.docs_script, name="docs-script"),
]
