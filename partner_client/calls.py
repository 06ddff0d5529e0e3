"""Every call of the door. Made from the OpenAPI document by `manage.py partner_client`; not to be edited."""

from __future__ import annotations

from typing import Literal, cast

from partner_client import shapes
from partner_client.transport import Transport


class Calls(Transport):
    """A method a call, named by its method and address."""

    def get_me(self) -> shapes.Me:
        """Who you are. Scopes are those of the token that each storefront grants."""
        return cast(shapes.Me, self.call("GET", "/me"))

    def post_catalogue_upserts(self, body: shapes.UpsertBody, *, key: str = "") -> shapes.Job:
        """Add or change up to 10,000 SKUs. A worker does it: ask for the job at Location. A row that
        cannot be taken is refused by itself, with what stands against it; its product is written whole
        or not at all. The same rows a second time change nothing.
        """
        return cast(shapes.Job, self.call(
            "POST",
            "catalogue/upserts",
            body=body,
            key=key,
            signed=True,
        ))

    def get_customs_message(self, message: str) -> shapes.OutboxContent:
        """The message byte for byte, as the port takes it: hand it over unchanged, its signature covers
        it. It names people, so it needs the scope `personal:declaration` and is on record for each
        order.
        """
        return cast(shapes.OutboxContent, self.call(
            "GET",
            "customs/messages/{message}",
            names={"message": message},
            signed=True,
        ))

    def post_customs_message_sent(self, message: str, *, key: str = "") -> shapes.Sent:
        """Say that the port has it; once and for all. It is in the outbox no more."""
        return cast(shapes.Sent, self.call(
            "POST",
            "customs/messages/{message}/sent",
            names={"message": message},
            key=key,
            signed=True,
        ))

    def get_customs_outbox(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.OutboxPage:
        """Signed messages of the districts whose box you have, the oldest first; each until it was sent."""
        return cast(shapes.OutboxPage, self.call(
            "GET",
            "customs/outbox",
            query={"cursor": cursor, "limit": limit},
        ))

    def post_customs_receipts(
        self,
        body: shapes.CustomsReceiptBody,
        *,
        key: str = "",
    ) -> shapes.Receipts:
        """Bring in what customs answered, byte for byte, for a district whose box you have. It is
        verified, ordered and told apart from what came before as if the house had fetched it.
        """
        return cast(shapes.Receipts, self.call(
            "POST",
            "customs/receipts",
            body=body,
            key=key,
            signed=True,
        ))

    def get_declarations(
        self,
        *,
        changed_since: str | None = None,
        cursor: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        state: Literal["waiting", "documents", "listed", "rejected", "blocked", "accepted", "inspection", "detained", "review", "released", "cancelling", "closed", "cancelled", "turned_back", "ended"] | None = None,
    ) -> shapes.DeclarationPage:
        """Declarations, in the order in which they last changed. `next` stands also at the end: ask again
        with it for what changes from now on.
        """
        return cast(shapes.DeclarationPage, self.call(
            "GET",
            "declarations",
            query={"changed_since": changed_since, "cursor": cursor, "fields": fields, "limit": limit, "state": state},
        ))

    def get_declaration(self, number: str, *, fields: str | None = None) -> shapes.OneDeclaration:
        """The declaration with its documents, its tax sheets and its history, and its ETag."""
        return cast(shapes.OneDeclaration, self.call(
            "GET",
            "declarations/{number}",
            names={"number": number},
            query={"fields": fields},
        ))

    def get_declaration_messages(
        self,
        number: str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.CustomsMessagePage:
        """What customs was told of an order and what it answered, the oldest first; nothing personal."""
        return cast(shapes.CustomsMessagePage, self.call(
            "GET",
            "declarations/{number}/messages",
            names={"number": number},
            query={"cursor": cursor, "limit": limit},
        ))

    def get_declaration_message_content(
        self,
        number: str,
        id: str,
        *,
        purpose: Literal["declare", "dossier"],
    ) -> shapes.CustomsContent:
        """The message in plain, with name, identity number, telephone and address; each answer is on
        record. It needs the scope `personal:declaration`, to which a second colleague of the brand
        agrees, and is given to partners in China alone.
        """
        return cast(shapes.CustomsContent, self.call(
            "GET",
            "declarations/{number}/messages/{id}/content",
            names={"number": number, "id": id},
            query={"purpose": purpose},
            signed=True,
        ))

    def get_events(
        self,
        *,
        after: int | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.EventPage:
        """Events of the types that your scopes allow, the oldest first, of the last 30 days. Positions
        never turn up before one that was read: ask again with the last one as `after`.
        """
        return cast(shapes.EventPage, self.call(
            "GET",
            "events",
            query={"after": after, "cursor": cursor, "limit": limit},
        ))

    def post_files(
        self,
        body: bytes,
        *,
        kind: Literal["catalogue", "receipts", "adjustments", "counts", "weights", "departures", "returns", "tracking"],
        name: str,
        dry_run: bool | None = None,
        mode: Literal["rows", "whole"] | None = None,
        key: str = "",
    ) -> shapes.Job:
        """Send a CSV (UTF-8) or XLSX sheet; it needs the scope of what it does. Its result is a sheet too.
        Goods have the columns of the import, or some of them. Stock has those of its lines, with
        `warehouse` (and `reference` of a receipt); all of such a file is done or nothing, and the same
        one only once. Parcels are known by their `waybill`, and each row is done by itself.
        """
        return cast(shapes.Job, self.call(
            "POST",
            "files",
            query={"dry_run": dry_run, "kind": kind, "mode": mode, "name": name},
            body=body,
            key=key,
            signed=True,
        ))

    def get_job(self, id: str) -> shapes.Job:
        """How far a job of yours is. While it waits or runs, Retry-After says when to ask again."""
        return cast(shapes.Job, self.call("GET", "jobs/{id}", names={"id": id}))

    def get_job_file(self, id: str) -> bytes:
        """What came of each row as a CSV sheet: row, SKU, outcome, and messages in both languages."""
        return cast(bytes, self.call("GET", "jobs/{id}/file", names={"id": id}))

    def get_job_results(
        self,
        id: str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        outcome: Literal["created", "changed", "unchanged", "taken", "refused"] | None = None,
    ) -> shapes.ResultPage:
        """What came of each row, once the job is done, for seven days; `outcome=refused`: those to mend."""
        return cast(shapes.ResultPage, self.call(
            "GET",
            "jobs/{id}/results",
            names={"id": id},
            query={"cursor": cursor, "limit": limit, "outcome": outcome},
        ))

    def get_lots_orders(
        self,
        *,
        lot: str,
        sku: str,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.WentPage:
        """The orders that pieces of a lot were picked for and not put back, in the order of picking."""
        return cast(shapes.WentPage, self.call(
            "GET",
            "lots/orders",
            query={"cursor": cursor, "limit": limit, "lot": lot, "sku": sku},
        ))

    def get_orders(
        self,
        *,
        acknowledged: bool | None = None,
        changed_since: str | None = None,
        cursor: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        state: Literal["placed", "closing", "paid", "expired", "cancelled"] | None = None,
    ) -> shapes.OrderPage:
        """Orders, in the order in which they last changed. `next` stands also at the end: ask again with
        it for what changes from now on.
        """
        return cast(shapes.OrderPage, self.call(
            "GET",
            "orders",
            query={"acknowledged": acknowledged, "changed_since": changed_since, "cursor": cursor, "fields": fields, "limit": limit, "state": state},
        ))

    def get_order(self, number: str, *, fields: str | None = None) -> shapes.Order:
        """The order with its lines and sums, how far its parcel and its declaration are, and its ETag."""
        return cast(shapes.Order, self.call(
            "GET",
            "orders/{number}",
            names={"number": number},
            query={"fields": fields},
        ))

    def post_order_acknowledgement(
        self,
        number: str,
        body: shapes.AcknowledgeBody | None = None,
        *,
        key: str = "",
    ) -> shapes.Acknowledged:
        """Say that you have it, under your own number if you like; once and for all."""
        return cast(shapes.Acknowledged, self.call(
            "POST",
            "orders/{number}/acknowledgement",
            names={"number": number},
            body=body or {},
            key=key,
            signed=True,
        ))

    def get_order_receiver(
        self,
        number: str,
        *,
        purpose: Literal["fulfil", "deliver", "after_sales"],
    ) -> shapes.Receiver:
        """Name, telephone and address, as far as your personal scopes go; each answer is on record."""
        return cast(shapes.Receiver, self.call(
            "GET",
            "orders/{number}/receiver",
            names={"number": number},
            query={"purpose": purpose},
            signed=True,
        ))

    def get_parcel(self, id: str) -> shapes.WholeParcel:
        """The parcel with what lies in it and its way, and its ETag."""
        return cast(shapes.WholeParcel, self.call("GET", "parcels/{id}", names={"id": id}))

    def post_parcel_departure(self, id: str, *, key: str = "") -> shapes.WholeParcel:
        """Say that the parcel leaves the warehouse, once: its pieces go off the ledger. Bonded goods stay
        until customs has released them 放行; what was not weighed, or holds what was refunded, stays too.
        """
        return cast(shapes.WholeParcel, self.call(
            "POST",
            "parcels/{id}/departure",
            names={"id": id},
            key=key,
            signed=True,
        ))

    def get_parcel_label(self, id: str) -> bytes:
        """The label as a PDF, to print and stick on. It names the receiver, which needs `personal:name`
        and `personal:address` too: each answer is recorded as given to you for delivery, and to
        partners in China alone. The telephone is masked.
        """
        return cast(bytes, self.call(
            "GET",
            "parcels/{id}/label",
            names={"id": id},
            signed=True,
        ))

    def post_parcel_tracking(self, id: str, body: shapes.TellBody, *, key: str = "") -> shapes.Taken:
        """Tell what happened to the parcel. Each thing is kept once, whoever tells it and in whatever
        order; what is dated before the parcel could be or after tomorrow is not believed.
        """
        return cast(shapes.Taken, self.call(
            "POST",
            "parcels/{id}/tracking",
            names={"id": id},
            body=body,
            key=key,
            signed=True,
        ))

    def post_parcel_weight(
        self,
        id: str,
        body: shapes.WeightBody,
        *,
        key: str = "",
    ) -> shapes.WholeParcel:
        """Say what a parcel weighs that was packed without. What differs from its goods is refused with
        both figures; the same said again changes nothing.
        """
        return cast(shapes.WholeParcel, self.call(
            "POST",
            "parcels/{id}/weight",
            names={"id": id},
            body=body,
            key=key,
            signed=True,
        ))

    def post_parcel_withdrawal(self, id: str, *, key: str = "") -> shapes.WholeParcel:
        """Have the carrier take the waybill back: once it has, the pieces are unpacked and can be packed
        anew. Of a parcel that has left nothing is taken back.
        """
        return cast(shapes.WholeParcel, self.call(
            "POST",
            "parcels/{id}/withdrawal",
            names={"id": id},
            key=key,
            signed=True,
        ))

    def get_products(
        self,
        *,
        cursor: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        state: Literal["draft", "published", "withdrawn"] | None = None,
    ) -> shapes.ProductPage:
        """All products, shown or not, with their variants and prices; new ones come last."""
        return cast(shapes.ProductPage, self.call(
            "GET",
            "products",
            query={"cursor": cursor, "fields": fields, "limit": limit, "state": state},
        ))

    def get_product(self, code: str, *, fields: str | None = None) -> shapes.Product:
        """The product with all its variants, list and present prices, customs attributes, and its ETag."""
        return cast(shapes.Product, self.call(
            "GET",
            "products/{code}",
            names={"code": code},
            query={"fields": fields},
        ))

    def put_product(
        self,
        code: str,
        body: shapes.ProductBody | None = None,
        *,
        if_match: str = "",
    ) -> shapes.Product:
        """Add or change one product at once, by the same rules as in bulk; all of it or nothing. What is
        not named stays, other variants too. If-Match is needed where the product is there already.
        """
        return cast(shapes.Product, self.call(
            "PUT",
            "products/{code}",
            names={"code": code},
            body=body or {},
            if_match=if_match,
            signed=True,
        ))

    def post_product_publish(self, code: str, *, key: str = "") -> shapes.Product:
        """Show a product; what it still lacks for that is named. The law may refuse it."""
        return cast(shapes.Product, self.call(
            "POST",
            "products/{code}/publish",
            names={"code": code},
            key=key,
            signed=True,
        ))

    def post_product_withdraw(
        self,
        code: str,
        body: shapes.WithdrawBody | None = None,
        *,
        key: str = "",
    ) -> shapes.Product:
        """Take a product off the shelves at once, and say why if you like."""
        return cast(shapes.Product, self.call(
            "POST",
            "products/{code}/withdraw",
            names={"code": code},
            body=body or {},
            key=key,
            signed=True,
        ))

    def get_returns(
        self,
        *,
        changed_since: str | None = None,
        cursor: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        state: Literal["requested", "appealed", "to_send", "on_the_way", "refunding", "refused", "lapsed", "received", "inspected", "disputed", "settled", "ended", "withdrawn"] | None = None,
        warehouse: str | None = None,
    ) -> shapes.ReturnPage:
        """Returns that were agreed to: with `state=on_the_way` what is expected. `next` stands also at the
        end: ask again with it for what changes from now on.
        """
        return cast(shapes.ReturnPage, self.call(
            "GET",
            "returns",
            query={"changed_since": changed_since, "cursor": cursor, "fields": fields, "limit": limit, "state": state, "warehouse": warehouse},
        ))

    def get_return(self, number: str) -> shapes.WholeReturn:
        """The return with its pieces, the lots that they can be of, what was found, and its ETag."""
        return cast(shapes.WholeReturn, self.call(
            "GET",
            "returns/{number}",
            names={"number": number},
        ))

    def post_return_inspection(
        self,
        number: str,
        body: shapes.InspectionBody,
        *,
        key: str = "",
    ) -> shapes.WholeReturn:
        """Grade every piece of a return that is here, once, and put it away. Where nothing is kept back
        the money goes at once; beyond the brand's limit a colleague there looks first. What is not of
        the order lies apart under a number of its own.
        """
        return cast(shapes.WholeReturn, self.call(
            "POST",
            "returns/{number}/inspection",
            names={"number": number},
            body=body,
            key=key,
            signed=True,
        ))

    def post_return_receipt(
        self,
        number: str,
        body: shapes.ReceivedBody | None = None,
        *,
        key: str = "",
    ) -> shapes.WholeReturn:
        """Say that the parcel of a return is here, once: customs' days and the refund's seven run from it.
        What is in it is said by the inspection, what is missing too.
        """
        return cast(shapes.WholeReturn, self.call(
            "POST",
            "returns/{number}/receipt",
            names={"number": number},
            body=body or {},
            key=key,
            signed=True,
        ))

    def get_returns_unexpected(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        number: str | None = None,
        state: Literal["kept", "sent_back", "refunded", "ours", "closed"] | None = None,
    ) -> shapes.StrayPage:
        """Those that came, the oldest first, each with what the brand decided: `sent_back` to the
        consumer, `refunded`, `ours`, as it was refunded before, or `closed`.
        """
        return cast(shapes.StrayPage, self.call(
            "GET",
            "returns/unexpected",
            query={"cursor": cursor, "limit": limit, "number": number, "state": state},
        ))

    def post_returns_unexpected(
        self,
        body: shapes.StrayBody | None = None,
        *,
        key: str = "",
    ) -> shapes.Stray:
        """Say that one is here: it lies apart under a number, kept from sale, and no money moves; the
        brand decides what becomes of it. A return that is expected is received instead.
        """
        return cast(shapes.Stray, self.call(
            "POST",
            "returns/unexpected",
            body=body or {},
            key=key,
            signed=True,
        ))

    def get_settlement_batches(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        state: Literal["draft", "exported", "discarded", "answered", "refused", "received", "closed"] | None = None,
    ) -> shapes.BatchPage:
        """The batches of this storefront, the youngest first."""
        return cast(shapes.BatchPage, self.call(
            "GET",
            "settlement/batches",
            query={"cursor": cursor, "limit": limit, "state": state},
        ))

    def get_settlement_batch(self, number: str) -> shapes.Batch:
        """The batch, and its ETag."""
        return cast(shapes.Batch, self.call(
            "GET",
            "settlement/batches/{number}",
            names={"number": number},
        ))

    def get_settlement_batch_items(
        self,
        number: str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.BatchItemPage:
        """Each order in the batch, by its position in the institution's file."""
        return cast(shapes.BatchItemPage, self.call(
            "GET",
            "settlement/batches/{number}/items",
            names={"number": number},
            query={"cursor": cursor, "limit": limit},
        ))

    def get_settlement_brand(
        self,
        *,
        currency: Literal["AED", "AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "JPY", "KRW", "MOP", "MXN", "MYR", "NOK", "NZD", "PLN", "SAR", "SEK", "SGD", "THB", "TRY", "USD", "ZAR"],
        first: str,
        last: str,
    ) -> shapes.Brand:
        """What a period brought in the brand's currency, as sums."""
        return cast(shapes.Brand, self.call(
            "GET",
            "settlement/brand",
            query={"currency": currency, "first": first, "last": last},
        ))

    def get_settlement_brand_file(
        self,
        *,
        currency: Literal["AED", "AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "JPY", "KRW", "MOP", "MXN", "MYR", "NOK", "NZD", "PLN", "SAR", "SEK", "SGD", "THB", "TRY", "USD", "ZAR"],
        first: str,
        last: str,
    ) -> bytes:
        """The whole statement of a period as CSV: brought forward, orders, bank, totals, carried forward."""
        return cast(bytes, self.call(
            "GET",
            "settlement/brand/file",
            query={"currency": currency, "first": first, "last": last},
        ))

    def get_settlement_brand_lines(
        self,
        *,
        currency: Literal["AED", "AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "JPY", "KRW", "MOP", "MXN", "MYR", "NOK", "NZD", "PLN", "SAR", "SEK", "SGD", "THB", "TRY", "USD", "ZAR"],
        first: str,
        last: str,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.BrandLinePage:
        """Each order's share of what was settled in a period; ask for days that are over."""
        return cast(shapes.BrandLinePage, self.call(
            "GET",
            "settlement/brand/lines",
            query={"currency": currency, "cursor": cursor, "first": first, "last": last, "limit": limit},
        ))

    def get_settlement_brand_receipts(
        self,
        *,
        currency: Literal["AED", "AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "JPY", "KRW", "MOP", "MXN", "MYR", "NOK", "NZD", "PLN", "SAR", "SEK", "SGD", "THB", "TRY", "USD", "ZAR"],
        first: str,
        last: str,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.BankPage:
        """What the bank credited and kept in a period."""
        return cast(shapes.BankPage, self.call(
            "GET",
            "settlement/brand/receipts",
            query={"currency": currency, "cursor": cursor, "first": first, "last": last, "limit": limit},
        ))

    def get_settlement_ledger(self, *, first: str, last: str) -> shapes.Ledger:
        """What stood in each account before a period, its debits and credits, and what stands after."""
        return cast(shapes.Ledger, self.call(
            "GET",
            "settlement/ledger",
            query={"first": first, "last": last},
        ))

    def get_shipments(
        self,
        *,
        changed_since: str | None = None,
        cursor: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        state: Literal["to_pick", "packing", "labelled", "leaving", "dispatched", "lost", "handed_over", "customs_hold", "damaged", "in_transit", "delivered", "returned", "cancelled"] | None = None,
        warehouse: str | None = None,
        waybill: str | None = None,
    ) -> shapes.ShipmentPage:
        """Shipments, in the order in which they last changed, without the parcels' way. `next` stands also
        at the end: ask again with it for what changes from now on.
        """
        return cast(shapes.ShipmentPage, self.call(
            "GET",
            "shipments",
            query={"changed_since": changed_since, "cursor": cursor, "fields": fields, "limit": limit, "state": state, "warehouse": warehouse, "waybill": waybill},
        ))

    def get_shipment(self, number: str) -> shapes.WholeShipment:
        """The shipment of an order: what is to be picked of which lot, parcels and their way; its ETag."""
        return cast(shapes.WholeShipment, self.call(
            "GET",
            "shipments/{number}",
            names={"number": number},
        ))

    def post_shipment_parcels(
        self,
        number: str,
        body: shapes.PackBody,
        *,
        key: str = "",
    ) -> shapes.Parcel:
        """Pack a parcel of picked pieces and ask the carrier for its waybill, which comes a little later
        (`shipment.labelled`). What is not picked yet is picked first. A parcel that weighs something
        else than its goods is refused with both figures, until the brand has looked into it.
        """
        return cast(shapes.Parcel, self.call(
            "POST",
            "shipments/{number}/parcels",
            names={"number": number},
            body=body,
            key=key,
            signed=True,
        ))

    def post_shipment_pick(self, number: str, *, key: str = "") -> shapes.WholeShipment:
        """Set the pieces aside, first expired first, or nothing; the answer says of which lots. Of what is
        picked already what was damaged since is picked anew. It may be done before the release, and not
        while the consumer may still cancel.
        """
        return cast(shapes.WholeShipment, self.call(
            "POST",
            "shipments/{number}/pick",
            names={"number": number},
            key=key,
            signed=True,
        ))

    def post_shipment_swap(
        self,
        number: str,
        body: shapes.SwapBody,
        *,
        key: str = "",
    ) -> shapes.WholeShipment:
        """Put picked pieces back that lie in no parcel and cannot leave, and pick others for them, first
        expired first. Damaged ones are set aside also where no others are there: pick again once more
        has come in.
        """
        return cast(shapes.WholeShipment, self.call(
            "POST",
            "shipments/{number}/swap",
            names={"number": number},
            body=body,
            key=key,
            signed=True,
        ))

    def get_stock(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        sku: str | None = None,
        warehouse: str | None = None,
    ) -> shapes.LevelPage:
        """How much there is of each SKU in each warehouse. `available` is what may still be promised."""
        return cast(shapes.LevelPage, self.call(
            "GET",
            "stock",
            query={"cursor": cursor, "limit": limit, "sku": sku, "warehouse": warehouse},
        ))

    def post_stock_adjustments(self, body: shapes.AdjustmentBody, *, key: str = "") -> shapes.Adjustment:
        """Add what was found and write off what is missing, all of it or nothing; promised pieces stay."""
        return cast(shapes.Adjustment, self.call(
            "POST",
            "stock/adjustments",
            body=body,
            key=key,
            signed=True,
        ))

    def post_stock_counts(self, body: shapes.CountBody, *, key: str = "") -> shapes.Count:
        """Compare with the ledger; nothing moves: a difference waits for the brand to accept it."""
        return cast(shapes.Count, self.call(
            "POST",
            "stock/counts",
            body=body,
            key=key,
            signed=True,
        ))

    def get_stock_lots(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        sku: str | None = None,
        warehouse: str | None = None,
    ) -> shapes.LotPage:
        """Lots with their days; those without a piece are left out."""
        return cast(shapes.LotPage, self.call(
            "GET",
            "stock/lots",
            query={"cursor": cursor, "limit": limit, "sku": sku, "warehouse": warehouse},
        ))

    def post_stock_receipts(self, body: shapes.ReceiptBody, *, key: str = "") -> shapes.Receipt:
        """Take goods in, lot by lot, all of the message or nothing."""
        return cast(shapes.Receipt, self.call(
            "POST",
            "stock/receipts",
            body=body,
            key=key,
            signed=True,
        ))

    def get_stock_stops(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.StopPage:
        """What is not sold at present, whoever said so."""
        return cast(shapes.StopPage, self.call(
            "GET",
            "stock/stops",
            query={"cursor": cursor, "limit": limit},
        ))

    def post_stock_stops(self, body: shapes.StopBody, *, key: str = "") -> shapes.Stop:
        """Stop the sale of a SKU, or of a lot wherever it lies, at once. What is reserved is not picked,
        and what is picked does not leave.
        """
        return cast(shapes.Stop, self.call(
            "POST",
            "stock/stops",
            body=body,
            key=key,
            signed=True,
        ))

    def post_stock_stops_lift(self, body: shapes.StopBody, *, key: str = "") -> shapes.Stop:
        """Lift a stop of your own. What the brand or another partner stopped is theirs to lift."""
        return cast(shapes.Stop, self.call(
            "POST",
            "stock/stops/lift",
            body=body,
            key=key,
            signed=True,
        ))

    def get_variant(self, sku: str) -> shapes.Variant:
        """One SKU with its prices and customs attributes, and its ETag."""
        return cast(shapes.Variant, self.call("GET", "variants/{sku}", names={"sku": sku}))

    def get_warehouses(self) -> shapes.WarehousePage:
        """The warehouses of this storefront that you serve, each with its trade mode 监管方式."""
        return cast(shapes.WarehousePage, self.call("GET", "warehouses"))

    def get_webhooks(self) -> shapes.EndpointPage:
        """The endpoints that this partner has in this storefront."""
        return cast(shapes.EndpointPage, self.call("GET", "webhooks"))

    def post_webhooks(self, body: shapes.EndpointBody, *, key: str = "") -> shapes.EndpointMade:
        """Add an endpoint. `secret` is in this answer alone; with it messages are signed."""
        return cast(shapes.EndpointMade, self.call(
            "POST",
            "webhooks",
            body=body,
            key=key,
            signed=True,
        ))

    def get_webhook(self, id: str) -> shapes.Endpoint:
        """The endpoint, with its ETag."""
        return cast(shapes.Endpoint, self.call("GET", "webhooks/{id}", names={"id": id}))

    def put_webhook(
        self,
        id: str,
        body: shapes.EndpointBody,
        *,
        if_match: str = "",
    ) -> shapes.Endpoint:
        """Change an endpoint: another address or other types, from the next event on."""
        return cast(shapes.Endpoint, self.call(
            "PUT",
            "webhooks/{id}",
            names={"id": id},
            body=body,
            if_match=if_match,
            signed=True,
        ))

    def delete_webhook(self, id: str) -> None:
        """Remove an endpoint. Nothing more is sent to it; what waits is given up."""
        self.call(
            "DELETE",
            "webhooks/{id}",
            names={"id": id},
            signed=True,
        )

    def get_webhook_messages(
        self,
        id: str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        state: Literal["waiting", "done", "given_up"] | None = None,
    ) -> shapes.MessagePage:
        """The messages of an endpoint, the youngest first, each with its attempts."""
        return cast(shapes.MessagePage, self.call(
            "GET",
            "webhooks/{id}/messages",
            names={"id": id},
            query={"cursor": cursor, "limit": limit, "state": state},
        ))

    def post_webhook_message_replay(self, id: str, message: str, *, key: str = "") -> shapes.Message:
        """Send a message again, under the same `webhook-id`, by which you know that you have it."""
        return cast(shapes.Message, self.call(
            "POST",
            "webhooks/{id}/messages/{message}/replay",
            names={"id": id, "message": message},
            key=key,
            signed=True,
        ))

    def post_webhook_resume(self, id: str, *, key: str = "") -> shapes.Endpoint:
        """Go on after a pause; what waited meanwhile is sent."""
        return cast(shapes.Endpoint, self.call(
            "POST",
            "webhooks/{id}/resume",
            names={"id": id},
            key=key,
            signed=True,
        ))

    def post_webhook_secret(self, id: str, *, key: str = "") -> shapes.Secret:
        """Change the secret; the new one signs beside the old one for a day."""
        return cast(shapes.Secret, self.call(
            "POST",
            "webhooks/{id}/secret",
            names={"id": id},
            key=key,
            signed=True,
        ))

    def post_webhook_test(self, id: str, *, key: str = "") -> shapes.Message:
        """Send a test message, of type `ping`; its fate is in the log."""
        return cast(shapes.Message, self.call(
            "POST",
            "webhooks/{id}/test",
            names={"id": id},
            key=key,
            signed=True,
        ))
