"""Invented customers: nobody's names, telephones, doors and identity numbers; one number, one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from stdnum.iso7064 import mod_11_2

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅鑫宇婷雪倩琳晨阳佳欣浩然子涵雨桐思远一诺"
ROADS = (
    "世纪大道",
    "人民路",
    "中山东路",
    "解放街",
    "文昌路",
    "滨江大道",
    "学府路",
    "和平里",
    "桃源路",
    "长宁路",
)
FIRST_BIRTH = date(1900, 1, 1)  # of such an age is nobody by now
BIRTHS = 5 * 365
DISTRICT = 110102  # those who are played come from the one before it: nobody is two people


@dataclass(frozen=True)
class Person:
    """Who buys."""

    name: str
    phone: str
    street: str
    number: str
    openid: str


def person(n: int) -> Person:
    """The n-th of them."""
    dice = Random(n)
    name = dice.choice(SURNAMES) + "".join(dice.choice(GIVEN) for _ in range(dice.choice((1, 2, 2))))
    born = FIRST_BIRTH + timedelta(days=n % BIRTHS)
    body = f"{DISTRICT + n // BIRTHS // 1000}{born:%Y%m%d}{n // BIRTHS % 1000:03}"
    return Person(
        name=name,
        phone=f"1{3 + n % 7}{n:09}",
        street=f"{dice.choice(ROADS)}{dice.randint(1, 999)}号{n}室",
        number=body + mod_11_2.calc_check_digit(body),
        openid=f"o-seed-{n:022}",
    )
