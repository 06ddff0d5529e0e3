"""A declaration's page: how it stands, its bill, each version of each document, receipts, tax, cases."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.html import format_html

from customs.ceb.masked import Line
from customs.ceb.tables import meanings
from customs.models import ConsignedParcel, Declaration, Filing, PortMessage, PortReceipt, TaxSheet
from customs.services.cargo import entries_of, on_its_bill
from customs.services.taxes import KINDS
from customs.services.viewing import Viewed
from kernel.models import Case, Event
from kernel.money import priced
from operators import customs_words as words
from operators import told
from operators.bilingual import chinese, say
from operators.names import state_name
from operators.tables import Table, history, kept, when

_MINE = ("customs", "port_message")
# Elements of a message that are yuan, in decimals.
_AMOUNTS = frozenset(
    [
        "acturalPaid",
        "amountPaid",
        "consumptionTax",
        "customsTax",
        "discount",
        "freight",
        "goodsValue",
        "insuredFee",
        "price",
        "taxPrice",
        "taxTotal",
        "totalPrice",
        "valueAddedTax",
    ]
)
_AMOUNT = re.compile(r"\d+(\.\d+)?", re.ASCII)
_KIND = {"duty_fen": "customs duty", "vat_fen": "value-added tax", "excise_fen": "consumption tax"}


def tell(row: Declaration, at: datetime) -> list[Table]:
    """The tables of the page; seven statements, however many documents and receipts there are."""
    placed = on_its_bill(row.order)
    filings = list(
        Filing.objects.filter(declaration=row).defer("body_sealed").select_related("message").order_by("id")
    )
    receipts = list(
        PortReceipt.objects.filter(filing__declaration=row)
        .defer("raw_sealed")
        .select_related("filing")
        .order_by("received_at", "id")
    )
    messages = {one.message_id: one.message for one in filings if one.message}
    cases = Case.objects.filter(
        storefront_id=row.storefront_id,
        key__in=[row.event_key, *([placed.consignment.event_key] if placed else [])],
        kind__startswith="customs",
        state="open",
    ).order_by("opened_at", "id")
    keys = [row.event_key, *(one.event_key for one in messages.values())]
    events = Event.objects.filter(key__in=keys, storefront_id=row.storefront_id).order_by("at", "id")
    return [
        _now(row, at),
        *_bill(placed),
        *_cases(cases),
        _filings(filings),
        *_messages(messages.values()),
        *_receipts(receipts),
        *_taxes(row, list(TaxSheet.objects.filter(declaration=row).order_by("id"))),
        history(map(_in_words, (one for one in events if one.name.startswith(_MINE))), {}),
    ]


def _in_words(event: Event) -> Event:
    event.facts = words.facts(event.facts)
    return event


def _now(row: Declaration, at: datetime) -> Table:
    lines = [
        [say("海关状态", "status at customs"), words.status(row.status)],
        [say("等待或受阻于", "waits for, or held by"), words.stands_for(row.state, row.awaits, row.trouble)],
    ]
    if step := words.next_step(row.state, row.trouble):
        lines.append([say("下一步", "next step"), step])
    if row.next_try_at is not None:
        lines.append([say("系统下次处理", "taken up again"), when(row.next_try_at)])
    return {"title": say("现状", "How it stands"), "headers": [], "rows": lines}


def _bill(placed: ConsignedParcel | None) -> list[Table]:
    """What brings direct mail, and the site's entries that name its parcel."""
    if placed is None:
        return []
    found = [one for one in entries_of(placed.consignment).order_by("id") if placed.waybill in one.waybills]
    bill = placed.consignment
    lines = [
        [say("总运单", "consignment"), _to(bill)],
        [say("状态", "state"), state_name(bill.state, bill.state, "customs.Consignment")],
        [say("运输工具编号", "means of transport"), bill.traffic_no],
        [say("抵达日", "arrives on"), kept(bill.arrives_on)],
        *(
            [say("入库明细单", "entry"), format_html("{} {}", _to(one), words.status(one.status))]
            for one in found
        ),
    ]
    return [{"title": say("进境", "How it comes in"), "headers": [], "rows": lines}]


def _to(row: Any) -> Any:
    return format_html('<a class="text-link" href="{}">{}</a>', told.page_of(row), row)


def _cases(cases: Iterable[Case]) -> list[Table]:
    lines = [
        [
            format_html(
                '<a class="text-link" href="{}">{}</a>',
                told.page_of(one),
                told.case_title(one.kind, one.title),
            ),
            told.facts(words.facts(one.facts)),
            told.case_todo(one.kind) or "-",
            when(one.opened_at),
        ]
        for one in cases
    ]
    title = say("未办结事项", "Open cases")
    headers = [say("事项", "case"), say("事实", "facts"), say("怎么办", "what to do"), say("时间", "since")]
    return [{"title": title, "headers": headers, "rows": lines}] if lines else []


def _filings(filings: list[Filing]) -> Table:
    versions: dict[str, int] = {}
    lines = []
    for one in filings:
        versions[one.kind] = versions.get(one.kind, 0) + 1
        lines.append(
            [
                _link(one, f"{words.document(one.kind)} · {versions[one.kind]}"),
                state_name(one.app_type, one.app_type, "customs.app_type"),
                when(one.made_at),
                when(one.sent_at),
                words.status(one.status),
                when(one.told_at),
                say("已被替代", "replaced") if one.superseded else say("有效", "stands"),
            ]
        )
    return {
        "title": say("单证（每一版）", "Documents, each version"),
        "headers": [
            say("单证 · 版次", "document · version"),
            say("报送类型", "told as"),
            say("生成", "made"),
            say("送出", "sent"),
            say("海关状态", "status at customs"),
            say("海关时间", "told at"),
            say("效力", "standing"),
        ],
        "rows": lines,
    }


def _messages(messages: Iterable[PortMessage]) -> list[Table]:
    lines = [
        [
            _link(one, words.message(one.name)),
            kept(one.guid),
            when(one.made_at),
            when(one.sent_at),
            one.tries,
            one.error or "-",
        ]
        for one in messages
    ]
    headers = [
        say("报文", "message"),
        say("报文编号", "number"),
        say("生成", "made"),
        say("口岸收下", "the port has it"),
        say("次数", "tries"),
        say("上次错误", "last error"),
    ]
    return [{"title": say("报文", "Messages"), "headers": headers, "rows": lines}] if lines else []


def _receipts(receipts: list[PortReceipt]) -> list[Table]:
    lines = [
        [
            when(one.told_at),
            _link(one, words.message(one.name)),
            words.document(one.filing.kind) if one.filing else "-",
            words.status(one.status),
            f"{one.code} {words.meaning(one.code)}".strip() or "-",
            state_name(one.outcome, one.outcome, "customs.PortReceipt"),
            when(one.received_at),
        ]
        for one in receipts
    ]
    headers = [
        say("海关时间", "told at"),
        say("回执", "receipt"),
        say("单证", "document"),
        say("状态", "status"),
        say("错误", "error"),
        say("处理", "taken as"),
        say("收到", "received"),
    ]
    return [{"title": say("回执", "Receipts"), "headers": headers, "rows": lines}] if lines else []


def _taxes(row: Declaration, sheets: list[TaxSheet]) -> list[Table]:
    """What was declared against what each sheet levies, kind by kind."""
    if row.listed_at is None and not sheets:
        return []
    ours = {kind: getattr(row, kind) for kind in KINDS}
    lines: list[list[Any]] = [
        [say("清单申报", "as declared"), "-", *map(priced, ours.values()), priced(sum(ours.values())), ""]
    ]
    for one in sheets:
        levied = [getattr(one, kind) for kind in KINDS]
        whole = one.total_fen
        same = whole is None or levied == list(ours.values())
        lines.append(
            [
                _link(one, one.tax_no),
                state_name(one.status, one.status, "customs.TaxSheet"),
                *("-" if fen is None else priced(fen) for fen in levied),
                "-" if whole is None else priced(whole),
                "" if same else _differs((whole or 0) - row.declared_tax_fen),
            ]
        )
    headers = [say("税单", "sheet"), say("状态", "state"), *(_element(kind) for kind in KINDS)]
    headers += [say("合计", "total"), say("差额", "difference")]
    return [{"title": say("税款（元）", "Tax (CNY)"), "headers": headers, "rows": lines}]


def _element(kind: str) -> Any:
    return say(meanings()[KINDS[kind]].zh, _KIND[kind])


def _differs(fen: int) -> Any:
    return format_html('<span class="font-semibold text-red-600">{}</span>', priced(fen))


def _link(row: Any, text: str) -> Any:
    return format_html('<a class="text-link" href="{}">{}</a>', told.page_of(row), text)


def _shown(line: Line) -> str:
    """A value as it was told, an amount as amounts are read here; a price may have more than two decimals."""
    if line.element not in _AMOUNTS or not _AMOUNT.fullmatch(line.value):
        return line.value
    whole, _, part = line.value.partition(".")
    return f"¥{int(whole):,}.{part.ljust(2, '0')}"


def viewed(documents: Iterable[Viewed]) -> list[Table]:
    """Opened documents as tables of element, meaning and masked value."""
    tables: list[Table] = []
    for one in documents:
        head = " · ".join(filter(None, (words.message(one.name), one.about)))
        if not one.parts:
            gone = say("密钥已销毁，内容无法再打开", "its key was destroyed: it can no longer be opened")
            none = say("由他方申报，本系统没有内容", "another party tells it: nothing is kept here")
            tables.append(
                {"title": f"{head} · {gone if one.parts is None else none}", "headers": [], "rows": []}
            )
        for part in one.parts or ():
            place = f"{part.entity} {part.number}" if part.number else part.entity
            tables.append(
                {
                    "title": f"{head} · {place}".strip(" ·"),
                    "headers": [
                        say("元素", "element"),
                        say("含义", "meaning"),
                        say("值（脱敏）", "value (masked)"),
                    ],
                    "rows": [
                        [kept(line.element or "-"), line.zh if chinese() else line.en, _shown(line)]
                        for line in part.lines
                    ],
                }
            )
    return tables
