"""The names that bind each sealed field of customs to its place."""

FILING_BODY = "customs.filing.body"
RECEIPT_RAW = "customs.portreceipt.raw"
ACCOUNT_KEY = "customs.portaccount.key"
ACCOUNT_PASSWORD = "customs.portaccount.password"  # noqa: S105 - the name of a place
DATA_GIVEN = "customs.datarequest.body"
