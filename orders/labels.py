"""The names that bind each sealed field of an order to its place."""

BUYER_NAME = "orders.order.buyer_name"
BUYER_NUMBER = "orders.order.buyer_number"
FORMER_NAME = "orders.formerorderer.name"
FORMER_NUMBER = "orders.formerorderer.number"
CONSIGNEE_NAME = "orders.order.consignee_name"
CONSIGNEE_PHONE = "orders.order.consignee_phone"
CONSIGNEE_STREET = "orders.order.consignee_street"
