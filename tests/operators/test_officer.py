"""What a compliance officer opens: the rule book on any day, a judgement rule by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape, strip_tags

from compliance import vault
from compliance.law import Law
from compliance.models import Access, Judgement
from compliance.rules import RULES
from compliance.services import record_judgement
from compliance.services.judgement import FACTS
from tests import make
from tests.law.law_cases import judged, line, purchase
from tests.operators import rows

pytestmark = pytest.mark.django_db
BOOK = "/admin/rules/"


@pytest.fixture
def world():
    return make.world()


def enter(client, operator, language="en"):
    client.force_login(operator, backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    return client


def officer(shop, role="compliance", name="officer"):
    return rows.operator(name, shop, role)


def page(row):
    return reverse("admin:compliance_judgement_change", args=[row.pk])


def reveal(row):
    return page(row).replace("/change/", "/step/reveal/")


def refused_attempt(shop):
    row, key = vault.new_key("order", shop.pk)
    vault.insert_key(row)
    case = purchase(line(600_000), line(0))
    id = record_judgement(
        storefront_id=shop.pk,
        subject_id=None,
        order_number=None,
        purchase=case,
        verdict=judged(case),
        key=key,
        now=make.NOW,
    )
    return Judgement.objects.get(pk=id)


# The rule book.


def test_the_book_shows_each_rule_with_both_sentences_its_source_and_its_figures(client, world):
    enter(client, officer(world.shop))
    answer = client.get(BOOK)
    html = answer.content.decode()
    assert [line.number for line in answer.context["rules"]] == sorted(rule.id for rule in RULES)
    limit = next(line for line in answer.context["rules"] if line.number == "LIMIT-1")
    entry = next(rule for rule in RULES if rule.id == "LIMIT-1")
    assert limit.sentences == (entry.sentence, entry.sentence_zh)
    assert '<section id="LIMIT-1"' in html and "2016-04-08" in html
    assert (limit.source.figure.citation, limit.source.value) == ("财关税〔2018〕49号 第一条", "¥5,000.00")
    assert all(
        text in html for text in (*limit.sentences, "财关税〔2018〕49号 第一条", limit.source.figure.link)
    )
    assert answer.context["edition"] == Law(date(2026, 1, 1)).edition
    assert answer.context["edition"][:16] in html
    noted = [f.figure for f in answer.context["figures"] if f.note]
    chinese = client.get(BOOK, headers={"Accept-Language": "zh-CN"}).content.decode()
    assert len(noted) > 40
    for figure in noted:
        assert (escape(figure.note) in html, escape(figure.note_zh) in chinese) == (True, True), figure.name
        assert escape(figure.note) not in chinese and not figure.note_zh.isascii(), figure.name


@pytest.mark.parametrize(
    ("day", "single", "coming"),
    [
        ("2018-12-31", "¥2,000.00", "¥5,000.00"),
        ("2019-01-01", "¥5,000.00", ""),
        ("2026-11-26", "¥5,000.00", ""),
    ],
)
def test_the_figures_are_those_in_force_on_the_chosen_day_with_the_next_change(
    client, world, day, single, coming
):
    enter(client, officer(world.shop))
    figures = {f.name: f for f in client.get(BOOK, {"day": day}).context["figures"]}
    found = figures["import/single_transaction_limit"]
    assert (found.value, found.next_value) == (single, coming)
    # Before its first day a figure says so instead of failing.
    assert (figures["incident/authority_hours"].figure is None) == (day < "2025-11-01")


def test_a_rule_is_found_by_its_number_and_brings_its_figures(client, world):
    enter(client, officer(world.shop), "zh-CN")
    answer = client.get(BOOK, {"q": "limit-2"})
    assert [line.number for line in answer.context["rules"]] == ["LIMIT-2"]
    assert "import/annual_limit" in {f.name for f in answer.context["figures"]}
    assert client.get(BOOK, {"q": "NO-SUCH"}).context["rules"] == []


@pytest.mark.parametrize("asked", [{"day": "yesterday"}, {"day": ""}, {"day": "0000-00-00"}])
def test_a_day_that_makes_no_sense_is_today(client, world, asked):
    enter(client, officer(world.shop))
    answer = client.get(BOOK, asked)
    assert answer.context["day"] == answer.context["today"]


def test_a_figure_not_checked_for_a_year_is_marked_and_counted(client, world):
    enter(client, officer(world.shop))
    checked = Law(date(2026, 11, 26)).source("import/annual_limit").checked
    for days, stale in ((365, False), (366, True)):
        with time_machine.travel(
            datetime(checked.year, checked.month, checked.day, 4, tzinfo=UTC) + timedelta(days), tick=False
        ):
            enter(client, officer(world.shop, name=f"officer-{days}"))
            answer = client.get(BOOK)
        figures = {f.name: f for f in answer.context["figures"]}
        assert figures["import/annual_limit"].stale is stale
        assert (answer.context["stale"] > 0) is stale


@pytest.mark.parametrize(
    ("role", "status"),
    [("owner", 200), ("compliance", 200), ("auditor", 200), ("merchandiser", 403), ("customer_service", 403)],
)
def test_the_book_is_for_owners_officers_and_auditors(client, world, role, status):
    enter(client, officer(world.shop, role))
    assert client.get(BOOK).status_code == status
    assert (BOOK in client.get("/admin/").content.decode()) is (status == 200)


def test_the_book_asks_the_database_for_the_operator_alone_and_runs_no_script_of_its_own(client, world):
    enter(client, officer(world.shop))
    client.get(BOOK)
    with CaptureQueriesContext(connection) as queries:
        html = client.get(BOOK).content.decode()
    tables = " ".join(q["sql"] for q in queries)
    assert "compliance_" not in tables and len(queries) <= 6
    body = html[html.index('name="day"') :]
    assert "onclick" not in body and "onchange" not in body


# The judgement.


def test_an_order_leads_to_its_judgement_which_tells_every_rule_and_figure(client, world):
    order = make.order(world.alice, ("HD-1", 1))
    made = Judgement.objects.get(order_number=order.number)
    enter(client, officer(world.shop))
    html = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert page(made) in html
    answer = client.get(page(made))
    ruling, figures, amounts, rates = answer.context["story"]
    results = {strip_tags(row[0]): strip_tags(row[2]) for row in ruling["rows"]}
    asked = {rule.id for rule in RULES if "checkout" in rule.moments}
    assert {number for number, result in results.items() if result == "passed"} == asked
    assert {number for number, result in results.items() if result == "not asked"} == {
        r.id for r in RULES
    } - asked
    assert f"{len(asked)} rules asked, 0 refused" in str(ruling["title"])
    limit = next(row for row in figures["rows"] if row[1] == "¥5,000.00")
    assert strip_tags(limit[3]) == "2019-01-01"
    assert "财关税〔2018〕49号" in limit[2]
    assert ["dutiable value", f"¥{(order.goods_fen + order.freight_fen) / 100:.2f}"] in [
        [str(cell) for cell in row] for row in amounts["rows"]
    ]
    assert rates["rows"][0][:2] == ["HD-1", "13 %"]
    assert order.number in answer.content.decode()


def test_a_refused_attempt_says_which_rule_refused_it_and_on_which_facts(client, world):
    made = refused_attempt(world.shop)
    enter(client, officer(world.shop))
    first = client.get(page(made)).context["story"][0]["rows"][0]
    assert "LIMIT-1" in first[0] and "refused" in first[2]
    assert "¥6,000.00" in first[3] and "¥5,000.00" in first[3]
    assert "财关税〔2018〕49号 第一条" in first[4]


def test_a_judgement_by_another_edition_says_that_its_citations_are_the_present_ones(client, world):
    case = purchase(line(100))
    verdict = replace(judged(case), edition="0" * 64, judged=())
    id = record_judgement(
        storefront_id=world.shop.pk,
        subject_id=None,
        order_number=None,
        purchase=case,
        verdict=verdict,
        key=None,
        now=make.NOW,
    )
    enter(client, officer(world.shop))
    html = client.get(page(Judgement.objects.get(pk=id))).content.decode()
    assert "000000000000 (citations from the present edition)" in html
    assert "/step/reveal/" not in html


def test_the_facts_open_for_a_purpose_alone_and_leave_a_row(client, world):
    made = refused_attempt(world.shop)
    enter(client, officer(world.shop))
    closed = client.get(page(made)).content.decode()
    assert "•••• (sealed)" in closed and "CREAM" not in closed
    assert client.post(reveal(made), {"purpose": ""}).status_code == 200
    assert client.post(reveal(made), {"purpose": "a"}).status_code == 200
    assert Access.objects.count() == 0
    answer = client.post(reveal(made), {"purpose": "申诉复核"})
    facts, lines, *_ = answer.context["tables"]
    assert ["1210" in str(row[1]) for row in facts["rows"] if str(row[0]) == "trade mode"] == [True]
    assert [row[0] for row in lines["rows"]] == ["CREAM", "CREAM"]
    assert "no-store" in answer["Cache-Control"]
    left = Access.objects.get()
    assert (left.who, left.what, left.ref, left.purpose, left.storefront_id) == (
        "officer",
        FACTS,
        str(made.pk),
        "申诉复核",
        world.shop.pk,
    )


def test_facts_whose_key_was_destroyed_are_said_to_be_gone(client, world):
    made = refused_attempt(world.shop)
    vault.destroy_key(key_id=made.key_id, now=make.NOW)
    enter(client, officer(world.shop))
    answer = client.post(reveal(made), {"purpose": "申诉复核"})
    assert "can no longer be opened" in str(answer.context["tables"][0]["title"])


@pytest.mark.parametrize("role", ["auditor", "merchandiser", "customer_service", "finance"])
def test_who_is_no_officer_reads_the_verdict_and_opens_nothing(client, world, role):
    made = refused_attempt(world.shop)
    enter(client, officer(world.shop, role))
    assert "/step/reveal/" not in client.get(page(made)).content.decode()
    assert client.get(reveal(made)).status_code == 403
    assert client.post(reveal(made), {"purpose": "申诉复核"}).status_code == 403
    assert Access.objects.count() == 0


def test_another_storefronts_officer_finds_nothing(client, world):
    made = refused_attempt(world.shop)
    enter(client, officer(make.storefront("swift")))
    assert client.get(reveal(made)).status_code == 404
    assert client.post(reveal(made), {"purpose": "申诉复核"}).status_code == 404
    assert Access.objects.count() == 0


def test_a_judgement_page_takes_as_many_statements_whatever_was_judged(client, world):
    enter(client, officer(world.shop))
    few, many = make.order(world.alice, ("HD-1", 1)), make.order(world.alice, ("HD-1", 1), ("IR-1", 2))
    taken = []
    for order in (few, few, many):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page(Judgement.objects.get(order_number=order.number))).status_code == 200
        taken.append(len(queries))
    assert taken[1] == taken[2] <= 14


# The first page.


def test_the_officers_figures_lead_to_what_they_count(client, world):
    refused_attempt(world.shop)
    made = rows.fill(world)["incident"]
    with time_machine.travel(make.NOW + timedelta(hours=5), tick=False):
        enter(client, officer(world.shop))
        answer = client.get("/admin/")
        cards = {str(card["title"]): card for card in answer.context["officer"]}
        assert {title: card["count"] for title, card in cards.items()} == {
            "Open incidents (1 overdue)": 1,
            "Refused attempts today": 1,
            "Consents withdrawn today": 0,
            "Copies of personal data to be made": 1,
            "Figures of law not checked for a year": 0,
        }
        for card in cards.values():
            listed = client.get(card["url"])
            assert listed.status_code == 200
            if "cl" in listed.context:
                assert listed.context["cl"].result_count == card["count"]
        assert cards["Open incidents (1 overdue)"]["wrong"]
        assert made.number in client.get(reverse("admin:compliance_incident_changelist")).content.decode()


def test_a_packer_sees_no_officers_figures_of_incidents(client, world):
    enter(client, officer(world.shop, "fulfilment"))
    assert client.get("/admin/").context["officer"] == []
