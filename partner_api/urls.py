"""The partner API's URL space."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from partner_api import (
    catalogue,
    customs,
    customs_box,
    customs_messages,
    files,
    jobs,
    openapi,
    orders,
    packing,
    parcels,
    products,
    shipments,
    status,
    stock,
    webhooks,
)
from partner_api.me import Me
from partner_api.token import token

of_storefront = [
    path("catalogue/upserts", catalogue.Upserts.as_view()),
    path("products", products.Products.as_view()),
    path("products/<slug:code>", products.OneProduct.as_view()),
    path("products/<slug:code>/publish", products.Publish.as_view()),
    path("products/<slug:code>/withdraw", products.Withdraw.as_view()),
    path("variants/<str:sku>", products.OneVariant.as_view()),
    path("jobs/<uuid:id>", jobs.OneJob.as_view()),
    path("files", files.Files.as_view()),
    path("jobs/<uuid:id>/file", jobs.ResultSheet.as_view()),
    path("jobs/<uuid:id>/results", jobs.Results.as_view()),
    path("orders", orders.Orders.as_view()),
    path("orders/<slug:number>", orders.OneOrder.as_view()),
    path("orders/<slug:number>/acknowledgement", orders.Acknowledge.as_view()),
    path("orders/<slug:number>/receiver", orders.Receiver.as_view()),
    path("declarations", customs.Declarations.as_view()),
    path("declarations/<slug:number>", customs.OneDeclaration.as_view()),
    path("declarations/<slug:number>/messages", customs_messages.Messages.as_view()),
    path("declarations/<slug:number>/messages/<uuid:id>/content", customs_messages.Content.as_view()),
    path("customs/receipts", customs_box.CustomsReceipts.as_view()),
    path("customs/outbox", customs_box.Outbox.as_view()),
    path("customs/messages/<slug:message>", customs_box.OneInOutbox.as_view()),
    path("customs/messages/<slug:message>/sent", customs_box.SentFromOutbox.as_view()),
    path("warehouses", stock.Warehouses.as_view()),
    path("stock", stock.Levels.as_view()),
    path("stock/lots", stock.Lots.as_view()),
    path("stock/receipts", stock.Receipts.as_view()),
    path("stock/adjustments", stock.Adjustments.as_view()),
    path("stock/counts", stock.Counts.as_view()),
    path("shipments", shipments.Shipments.as_view()),
    path("shipments/<slug:number>", shipments.OneShipment.as_view()),
    path("shipments/<slug:number>/pick", packing.Pick.as_view()),
    path("shipments/<slug:number>/parcels", packing.Pack.as_view()),
    path("parcels/<uuid:id>", parcels.OneParcel.as_view()),
    path("parcels/<uuid:id>/label", parcels.Label.as_view()),
    path("parcels/<uuid:id>/weight", parcels.Weight.as_view()),
    path("parcels/<uuid:id>/departure", parcels.Departure.as_view()),
    path("parcels/<uuid:id>/withdrawal", parcels.Withdrawal.as_view()),
    path("parcels/<uuid:id>/tracking", parcels.Tracking.as_view()),
    path("events", webhooks.Events.as_view()),
    path("webhooks", webhooks.Webhooks.as_view()),
    path("webhooks/<uuid:id>", webhooks.Webhook.as_view()),
    path("webhooks/<uuid:id>/test", webhooks.Test.as_view()),
    path("webhooks/<uuid:id>/secret", webhooks.Secret.as_view()),
    path("webhooks/<uuid:id>/resume", webhooks.Resume.as_view()),
    path("webhooks/<uuid:id>/messages", webhooks.Messages.as_view()),
    path("webhooks/<uuid:id>/messages/<str:message>/replay", webhooks.Replay.as_view()),
]
endpoints: list[URLPattern | URLResolver] = [
    path("me", Me.as_view()),
    path("storefronts/<slug:storefront>/", include(of_storefront)),
]
urlpatterns = [
    path("status", status.status),
    path("token", token),
    path("openapi.json", openapi.schema, name="partner-schema"),
    *endpoints,
]
