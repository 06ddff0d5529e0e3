"""A reply's pictures are looked at, stripped, left with WeChat, and named in the reply that is said once."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from payments.models import ComplaintAct
from payments.services.complaint_answers import BadPicture, leave_pictures, reply
from tests import make
from tests.payments.test_complaint_answers import (  # noqa: F401  (fixtures)
    calls,
    complaint,
    payment,
    say,
)
from wechat.errors import OutcomeUnknown
from wechat.pay import complaints as wechat_complaints
from wechat.pay.pictures import MOST_BYTES, picture

SECRET = b"GPS 31.2304N 121.4737E"


def drawn(kind="JPEG", size=(40, 30), **more):
    into = io.BytesIO()
    Image.new("RGB", size, "red").save(into, kind, **more)
    return into.getvalue()


@pytest.mark.parametrize(
    ("kind", "media_type", "ending"),
    [("JPEG", "image/jpeg", "jpg"), ("PNG", "image/png", "png"), ("BMP", "image/jpeg", "jpg")],
)
def test_a_picture_is_encoded_anew_without_what_else_it_carried(kind, media_type, ending):
    made = picture(drawn(kind) + SECRET)
    assert (made.media_type, made.name.rpartition(".")[2]) == (media_type, ending)
    assert SECRET not in made.content
    with Image.open(io.BytesIO(made.content)) as found:
        assert (found.size, dict(found.getexif())) == ((40, 30), {})


def test_where_it_was_taken_stays_behind():
    exif = Image.Exif()
    exif[0x010F] = "a maker of telephones"
    assert b"maker of telephones" in drawn(exif=exif)
    assert b"maker of telephones" not in picture(drawn(exif=exif)).content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg/>",
        b"\xff\xd8\xff not a picture",
        drawn("GIF"),
        drawn("PNG")[:60],
        b"BM" + b"\0" * MOST_BYTES,
    ],
)
def test_what_is_no_whole_picture_is_refused(content):
    with pytest.raises(ValueError, match="a picture"):
        picture(content)


@pytest.mark.django_db(transaction=True)
def test_pictures_are_left_with_wechat_and_named_in_the_reply(wechat, complaint):  # noqa: F811
    images = leave_pictures(complaint=complaint, contents=[drawn(), drawn("PNG")])
    assert calls(wechat, "complaint_image") == [200, 200]
    act = reply(complaint=complaint, text="见图", images=images, by="ann", now=make.present())
    say(act)
    act.refresh_from_db()
    assert (act.state, act.images, len(set(images))) == ("done", images, 2)
    assert calls(wechat, "complaint_reply") == [204]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("contents", [[drawn()] * 5, [drawn(), b"<svg/>"]])
def test_one_bad_picture_or_a_fifth_and_nothing_leaves(wechat, complaint, contents):  # noqa: F811
    with pytest.raises(BadPicture):
        leave_pictures(complaint=complaint, contents=contents)
    assert (calls(wechat, "complaint_image"), ComplaintAct.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["500_before", "wrong_signature", "unsigned"])
def test_an_upload_whose_answer_is_not_known_decides_nothing(wechat, complaint, mode):  # noqa: F811
    wechat.control("switches", call="complaint_image", mode=mode)
    with pytest.raises(OutcomeUnknown):
        leave_pictures(complaint=complaint, contents=[drawn()])
    assert ComplaintAct.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_name_that_is_no_upload_of_ours_is_refused_by_wechat(wechat, complaint):  # noqa: F811
    act = reply(complaint=complaint, text="见图", images=["made-up"], by="ann", now=make.present())
    say(act)
    act.refresh_from_db()
    assert (act.state, act.trouble) == ("refused", "PARAM_ERROR")
    assert wechat_complaints.MOST_IMAGES == 4
