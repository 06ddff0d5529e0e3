"""What operators see and do about clearance, in their own storefront alone: board, story, viewer, tax."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance import vault
from compliance.models import Access, DataKey
from customs.models import Declaration, Filing, PortAccount, PortMessage, PortReceipt
from customs.services import sending
from kernel.clock import shanghai_day
from kernel.models import Event
from kernel.money import priced
from kernel.states import WrongState
from operators import customs_filters
from operators.whose import subjects_of
from tests import make
from tests.customs import port as ports
from tests.customs.port import declaration
from tests.customs.test_declaring import LIST_NO, answer, both_stand, listed, port, ready  # noqa: F401
from tests.operators import rows
from tests.operators.customs_rows import customs_rows
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)

PURPOSE = "退单核对，工单 118"


def enter(client, shop, role="compliance", name="guan"):
    client.force_login(rows.operator(name, shop, role), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def page_of(row):
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def step_of(row, name):
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_step", args=[row.pk, name])


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
@step
def rejected(port, ready):  # noqa: F811
    """An order whose list customs refused, for a reason that a person mends."""
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "-621001", "[Code:-621001;Desc:清单校验不通过]")
    at = ports.go_on(at, 2)
    assert (declaration(order).state, declaration(order).trouble) == ("rejected", "data")
    return order, at


def test_the_page_of_a_declaration_tells_its_whole_story(client, world, rejected):
    order, _ = rejected
    row = declaration(order)
    shown = text_of(enter(client, world.shop).get(page_of(row)))
    for word in (
        "-621001 a value of the list is not valid",
        "Mend what it names in goods, parties or order; then declare again.",
        "CEB621Message inventory list",
        "order · 1",
        "list · 1",
        "120 accepted by customs",
        "Customs refused a document of this order",
        "refused by customs",
        row.cop_no,
    ):
        assert word in shown, word


def test_the_page_takes_as_many_statements_for_many_receipts_as_for_few(client, world, port, rejected):  # noqa: F811
    order, at = rejected
    enter(client, world.shop)
    url = page_of(declaration(order))
    client.get(url)
    taken = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        taken.append(len(queries))
        for second in range(5):
            answer(port, order, at + timedelta(seconds=second), "2")
        ports.go_on(at)
    assert PortReceipt.objects.count() >= 8
    assert taken[0] == taken[1] <= 20


def test_declaring_again_is_confirmed_first_and_starts_a_new_round(client, world, rejected):
    order, _ = rejected
    row = declaration(order)
    enter(client, world.shop)
    assert "again/" in client.get(page_of(row)).content.decode()
    asked = client.get(step_of(row, "again"))
    assert "Its cases are settled." in asked.content.decode()
    assert declaration(order).state == "rejected"
    client.post(step_of(row, "again"))
    again = declaration(order)
    assert (again.state, again.round, again.cop_no != row.cop_no) == ("waiting", 2, True)
    assert Event.objects.filter(name="customs_declaration.waiting").get().facts["by"] == "guan"
    assert client.get(step_of(row, "again")).status_code == 403


@pytest.mark.parametrize("role", ["auditor", "finance", "customer_service", "merchandiser"])
def test_without_the_role_nothing_is_told_again_handed_over_or_opened(client, world, rejected, role):
    order, _ = rejected
    row, message = declaration(order), PortMessage.objects.last()
    enter(client, world.shop, role)
    assert client.get(page_of(row)).status_code == 200
    for url in (step_of(row, "again"), step_of(message, "hand-over"), step_of(message, "view")):
        assert client.post(url, {"purpose": PURPOSE}).status_code == 403
    assert declaration(order).state == "rejected"
    assert Access.objects.filter(purpose=PURPOSE).count() == 0


def test_a_message_that_nothing_was_heard_of_is_handed_over_again_byte_for_byte(client, world, port, ready):  # noqa: F811
    order, at = ready
    at = ports.go_on(at, 2)
    [sent] = port.sent
    message = PortMessage.objects.get()
    enter(client, world.shop)
    client.post(step_of(declaration(order), "hand-over"))
    told = Event.objects.get(name="port_message.handed_over")
    assert (told.key, told.facts) == (message.event_key, {"message": "CEB311Message", "by": "guan"})
    sending.sweep(now=make.present() + timedelta(seconds=1))
    assert port.sent == [sent, sent]
    both_stand(port, at)
    ports.go_on(at)
    assert client.post(step_of(message, "hand-over")).status_code == 403
    with pytest.raises(WrongState):
        sending.hand_over(message=message, by="guan", now=at)


def test_a_message_that_has_not_left_is_handed_over_now(world, port, ready):  # noqa: F811
    _, at = ready
    port.down = True
    ports.go_on(at, 2)
    message = PortMessage.objects.get()
    at = message.next_try_at - timedelta(seconds=5)
    assert (message.sent_at, sending.sweep(now=at)) == (None, 0)
    sending.hand_over(message=message, by="guan", now=at)
    port.down = False
    sending.sweep(now=at)
    message.refresh_from_db()
    assert (len(port.sent), message.sent_at) == (1, at)


def test_a_document_opens_masked_for_a_purpose_and_leaves_its_row(client, world, rejected, caplog):
    order, _ = rejected
    filing = Filing.objects.get(kind="list")
    enter(client, world.shop)
    assert client.post(step_of(filing, "view"), {"purpose": ""}).status_code == 200
    assert Access.objects.filter(who="guan").count() == 0
    answer_ = client.post(step_of(filing, "view"), {"purpose": PURPOSE})
    shown = text_of(answer_)
    key = vault.unwrap(order.key)
    name = key.open("orders.order.buyer_name", order.number, bytes(order.buyer_name_sealed))
    number = key.open("orders.order.buyer_number", order.number, bytes(order.buyer_number_sealed))
    assert (f"{name[:1]}*" in shown, f"{number[:6]}********{number[-4:]}" in shown) == (True, True)
    assert "name of the orderer" in shown and filing.key in shown
    assert [secret for secret in (name, number) if secret in answer_.content.decode() + caplog.text] == []
    assert "no-store" in answer_["Cache-Control"]
    row = Access.objects.get(who="guan")
    assert (row.what, row.ref, row.purpose) == ("customs.filing.body", str(filing.public_id), PURPOSE)
    assert subjects_of("customs.filing", [row.ref]) == {row.ref: order.subject_id}


def test_a_message_and_a_receipt_open_masked_too(client, world, rejected):
    order, _ = rejected
    enter(client, world.shop)
    message = PortMessage.objects.get(name="CEB621Message")
    page = client.post(step_of(message, "view"), {"purpose": PURPOSE})
    told, html = text_of(page), page.content.decode()
    assert order.number in told and f"price of one (CNY) {priced(order.lines.get().price_fen)} " in told
    # What is done, beside where it stands, comes before what is shown.
    assert html.index("the port has it") < html.index('name="purpose"') < html.index("name of the orderer")
    receipt = PortReceipt.objects.get(code="-621001")
    shown = text_of(client.post(step_of(receipt, "view"), {"purpose": PURPOSE}))
    assert "[Code:-621001;Desc:清单校验不通过]" in shown
    opened = Access.objects.filter(who="guan").order_by("id")
    assert [row.what for row in opened] == ["customs.filing.body", "customs.portreceipt.raw"]
    assert subjects_of("customs.portreceipt", [opened[1].ref]) == {opened[1].ref: order.subject_id}


def test_what_is_no_message_shows_only_words_of_the_specification(client, world, rejected):
    order, _ = rejected
    text = f"guid -621001 收货人{make.NAMES[make.ALICE]}不一致"
    came = PortReceipt.objects.get(code="-621001")
    receipt = PortReceipt(**{f.attname: getattr(came, f.attname) for f in came._meta.concrete_fields[2:]})
    receipt.digest = "0" * 64
    receipt.raw_sealed = vault.unwrap(order.key).seal("customs.portreceipt.raw", receipt.public_id, text)
    receipt.save()
    shown = text_of(enter(client, world.shop).post(step_of(receipt, "view"), {"purpose": PURPOSE}))
    assert "-621001 收货人*不一致" in shown
    assert make.NAMES[make.ALICE] not in shown


def test_what_was_sealed_under_a_destroyed_key_says_so(client, world, rejected):
    order, at = rejected
    DataKey.objects.filter(pk=order.key_id).update(destroy_on=shanghai_day(at))  # its day has come
    assert vault.destroy_key(key_id=order.key_id, now=at)
    message = PortMessage.objects.get(name="CEB621Message")
    shown = text_of(enter(client, world.shop).post(step_of(message, "view"), {"purpose": PURPOSE}))
    assert "its key was destroyed" in shown
    assert Access.objects.filter(who="guan").count() == 0


def board(client, **asked):
    return client.get(reverse("admin:customs_board"), asked)


def cards(answer_):
    return {str(card["title"]): card["count"] for card in answer_.context["cards"] if card["count"]}


def test_the_board_tells_counts_reasons_and_the_queue_with_its_next_step(client, world, rejected):
    order, _ = rejected
    told = board(enter(client, world.shop))
    assert cards(told) == {"rejected": 1}
    assert "oldest 0 h" in told.content.decode()
    [line] = told.context["queue"]["rows"]
    assert [str(cell) for cell in line[1:6]] == [
        '<span class="whitespace-nowrap">rejected</span>',
        "list",
        '<span class="whitespace-nowrap">-621001</span>',
        "a value of the list is not valid",
        "Mend what it names in goods, parties or order; then declare again.",
    ]
    assert order.number in str(line[0])
    [waits] = told.context["waits"]["rows"]
    url = re.search('href="([^"]+)"', str(waits[0]))[1].replace("&amp;", "&")
    found = client.get(url).context["cl"].result_list
    assert [row.number for row in found] == [order.number]


def test_what_customs_stopped_and_what_it_does_not_give_back_have_queues(client, world):
    now = make.present()
    for state, status, hours in (("inspection", "500", 80), ("review", "300", 1), ("cancelling", "120", 30)):
        customs_rows(make.order(world.alice, ("HD-1", 1)), 0)
        since = now - timedelta(hours=hours, minutes=1)
        row = Declaration.objects.latest("pk")
        told = {"state": state, "status": status, "told_at": since, "listed_at": since, "state_since": since}
        Declaration.objects.filter(pk=row.pk).update(**told)
    enter(client, world.shop)
    stopped, asked_back = (
        [re.sub(r"<[^>]+>", "", " | ".join(map(str, line[1:]))) for line in table["rows"]]
        for table in board(client).context["stopped"]
    )
    assert [line.split(" | ")[2] for line in stopped] == ["500 inspected", "300 in review"]
    assert "open, photograph" in stopped[0] and stopped[0].endswith("3 d 8 h")
    assert [line.split(" | ")[0] for line in asked_back] == ["asked back"]
    assert "hand it over again" in asked_back[0] and asked_back[0].endswith("1 d 6 h")
    Declaration.objects.filter(state="cancelling").update(state_since=now)
    assert board(client).context["stopped"][1]["rows"] == []  # customs still has its time


def test_the_board_of_a_stranger_is_empty_and_none_without_a_storefront(client, world, rejected):
    assert cards(board(enter(client, make.storefront("swift"), "owner", "stranger"))) == {}
    told = board(client, storefront=world.shop.pk)
    assert (cards(told), told.context["queue"]["rows"]) == ({}, [])
    client.force_login(rows.operator("nobody"), backend=rows.BACKEND)
    assert board(client).status_code == 403
    assert client.get(reverse("admin:customs_tax")).status_code == 403


def test_the_board_is_narrowed_by_storefront_and_district(client, world, rejected):
    enter(client, None, name="root")
    rows.Operator.objects.update(is_superuser=True)
    assert cards(board(client, storefront=world.shop.pk, district="3105")) == {"rejected": 1}
    other = make.storefront("swift")
    PortAccount.objects.create(
        storefront=other, customs_code="2244", port_code="2244", traffic="5", dxp_id="D", signer="machine"
    )
    assert cards(board(client, district="2244")) == {}
    assert cards(board(client, storefront=other.pk)) == {}


def test_clearance_is_drawn_and_told_in_a_table(client, world):
    customs_rows(make.order(world.alice, ("HD-1", 1)), 0)
    at = make.present()
    Declaration.objects.update(listed_at=at - timedelta(hours=3), released_at=at - timedelta(minutes=1))
    told = board(enter(client, world.shop))
    [chart] = told.context["charts"]
    drawn = [one["data"] for one in json.loads(chart["data"])["datasets"]]
    assert [[round(hours, 2) for hours in line if hours is not None] for line in drawn] == [[2.98], [2.98]]
    [[_, lists, median, slow]] = chart["table"]["rows"]
    assert (lists, str(median), str(slow)) == (1, "2 h 59 min", "2 h 59 min")


def test_the_statements_of_board_and_tax_page_do_not_grow_with_rows(client, world):
    enter(client, world.shop)
    urls = [reverse("admin:customs_board"), reverse("admin:customs_tax")]
    taken = []
    for _ in range(3):
        counts = []
        for url in urls:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            counts.append(len([one for one in queries if " ROLE" not in one["sql"]]))
        taken.append(counts)
        for state in ("rejected", "blocked", "released", "listed"):
            customs_rows(make.order(world.alice, ("HD-1", 1)), 0)
            row = Declaration.objects.latest("pk")
            Declaration.objects.filter(pk=row.pk).update(state=state, trouble="data", tax_fen=1820)
    assert taken[1] == taken[2]
    assert (taken[2][0] <= 13, taken[2][1] <= 10) == (True, True)


def test_the_tax_page_tells_guarantee_windows_and_what_is_due(client, world):
    customs_rows(make.order(world.alice, ("HD-1", 1)), 0)
    customs_rows(make.order(world.alice, ("HD-1", 1)), 0)
    released = make.present() - timedelta(days=44)
    Declaration.objects.update(tax_fen=1820, released_at=released)
    PortAccount.objects.update(guarantee_fen=100_000)
    told = enter(client, world.shop).get(reverse("admin:customs_tax"))
    guarantee, windows, due = told.context["story"]
    money = ["¥1,000.00", "¥36.40", "3 %", "¥963.60"]
    assert [str(cell) for cell in guarantee["rows"][0][1:]] == ["Maison Shop", *money]
    [window] = windows["rows"]
    assert ("ends soon" in str(window[1]), window[2:]) == (True, [2, 2, "¥36.40"])
    [day] = due["rows"]
    assert (day[2], day[4]) == (2, "¥36.40")
    stranger = enter(client, make.storefront("swift"), "owner", "stranger")
    assert [table["rows"] for table in stranger.get(reverse("admin:customs_tax")).context["story"]] == [
        [],
        [],
        [],
    ]


@pytest.mark.usefixtures("rejected")
def test_the_list_is_narrowed_to_those_over_their_time(client, world, monkeypatch):
    enter(client, world.shop)
    listing = reverse("admin:customs_declaration_changelist")
    assert client.get(listing, {"over": "1"}).context["cl"].result_count == 0
    later = make.present() + timedelta(hours=25)
    monkeypatch.setattr(customs_filters, "now", lambda: later)
    assert client.get(listing, {"over": "1"}).context["cl"].result_count == 1
    assert client.get(listing, {"district": "9999"}).context["cl"].result_count == 1  # no such filter
    assert LIST_NO["invtNo"] not in text_of(client.get(listing))


@pytest.mark.parametrize(
    ("page", "title"), [("customs_board", "Clearance board"), ("customs_tax", "Tax and guarantee")]
)
def test_a_page_of_its_own_is_named_in_the_head_and_alone_lit_in_the_menu(client, ready, world, page, title):  # noqa: F811
    where = reverse(f"admin:{page}")
    told = enter(client, world.shop).get(where)
    context = told.context
    lit = [
        str(item["title"])
        for group in context["sidebar_navigation"]
        for item in group["items"]
        if item["active"]
    ]
    assert (lit, str(context["content_title"]), "opts" in context) == ([title], title, False)
    beside = reverse("admin:customs_declaration_changelist")
    context = client.get(beside).context
    lit = [
        item["link"] for group in context["sidebar_navigation"] for item in group["items"] if item["active"]
    ]
    assert lit == [beside]
