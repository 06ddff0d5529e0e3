"""Of a carrier's words nobody's name, telephone or identity number is kept, and nothing else is lost."""

from __future__ import annotations

import pytest

from logistics.carrier_words import masked


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("已签收，签收人：王爱丽", "已签收，签收人：王*"),
        ("已签收,签收人是王爱丽，感谢使用", "已签收,签收人是王*，感谢使用"),
        ("签收人【王爱丽】", "签收人【王*】"),
        ("签收人：𠮷野家", "签收人：𠮷*"),
        ("签收人：章子怡", "签收人：章*"),
        ("签收人：家人王爱丽", "签收人：家人王*"),
        ("签收人：他人代收-王爱丽", "签收人：他人代收-王*"),
        ("签收人：物业王姐", "签收人：物业王*"),
        ("快件已由王爱丽签收", "快件已由王*签收"),
        ("已由 王爱丽 领取", "已由 王* 领取"),
        ("收件人姓名：王爱丽 地址", "收件人姓名：王* 地址"),
        ("收件人王爱丽身份信息不符", "收件人王*身份信息不符"),
        ("已签收，签收人：JOHN SMITH", "已签收，签收人：J*"),
        ("Delivered, signed for by: Wang Aili", "Delivered, signed for by: W*"),
    ],
)
def test_who_signed_is_not_kept(told, kept):
    assert masked(told) == kept


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("快递员张三正在为您派件", "快递员张*正在为您派件"),
        ("派件员：张三，电话13900001111", "派件员：张*，电话139****1111"),
        ("【上海浦东公司】的张三(13900001111)正在派件", "【上海浦东公司】的张*(139****1111)正在派件"),
        ("上海浦东派送部张三(13900001111)第1次派件", "上海浦东派送部张*(139****1111)第1次派件"),
        ("已揽收，揽收人：李四，联系电话13900001111", "已揽收，揽收人：李*，联系电话139****1111"),
        ("买买提·艾力(13900001111)派送中", "买*(139****1111)派送中"),
        ("张师傅(13900001111)", "张*(139****1111)"),
        ("顺丰小哥 王五 13900001111", "顺丰小哥 王* 139****1111"),
        ("遗失，请联系快递员王五", "遗失，请联系快递员王*"),
    ],
)
def test_who_carries_it_is_not_kept_either(told, kept):
    assert masked(told) == kept


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("身份证号 11010519491231002X 未通过", "身份证号 110105********002X 未通过"),
        ("收件人 11010519491231002x", "收件人 110105********002x"),
        ("证件号码：E12345678 不符", "证件号码：********* 不符"),
        ("证件号：H0123456789", "证件号：H01234*6789"),
    ],
)
def test_no_identity_number_is_kept(told, kept):
    assert masked(told) == kept


@pytest.mark.parametrize(
    "told",
    [
        "已签收，签收人：本人",
        "本人签收",
        "签收人：家门口",
        "签收人凭取货码签收",
        "签收人：物业服务中心",
        "客户签收人: 门卫",
        "快件已由丰巢智能柜代签收",
        "派送员已出发",
        "快递员正在派送",
        "收件人要求改期派送",
        "收件人电话无法接通",
        "收件人已拒收",
        "由于收件人不在",
        "快件派送不成功(因收件人暂时无法联系)，待再次派送",
        "快件在【上海张江营业点】完成分拣，准备发往【上海浦东】",
        "您的快件已送达菜鸟驿站，请凭取件码及时领取",
        "代收点：世纪大道便利店",
        "退回件已签收",
        "单号 744450012345678901，SF7444500123456",
        "",
    ],
)
def test_roles_places_and_numbers_of_parcels_stay(told):
    assert masked(told) == told


def test_what_is_masked_once_stays_as_it_is():
    once = masked("快递员：张三(13900001111)，签收人：王爱丽，身份证 11010519491231002X")
    assert once == "快递员：张*(139****1111)，签收人：王*，身份证 110105********002X"
    assert masked(once) == once


def test_long_words_without_an_end_are_read_at_once():
    assert len(masked("签收人：" + "王" * 20_000 + "由" * 20_000 + "(")) == 400
