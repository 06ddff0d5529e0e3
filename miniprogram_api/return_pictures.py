"""Pictures for a claim: one a call, by a form as wx.uploadFile sends it; who gave them sees them again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from kernel.documents import answers, in_path, problems
from kernel.pictures import MEDIA_TYPE
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from miniprogram_api.return_requests import ORDER_NUMBER
from miniprogram_api.uploads import sent_picture
from returns import queries as returns
from returns.services.pictures import BadPicture, PictureTooLarge, open_picture, take_picture


class PictureIn(serializers.Serializer[Any]):
    picture = serializers.FileField(help_text="JPEG, PNG or WebP, at most 5 MB")


class PictureTaken(serializers.Serializer[Any]):
    """`id` names it in the request; without one it is let go of after a day."""

    id = serializers.UUIDField()


class ReturnPictures(Door):
    """上传售后凭证图片."""

    parser_classes = [MultiPartParser]
    own_transaction = frozenset({"POST"})
    limits = {"POST": Limit("return_pictures", 60, 3600)}

    @extend_schema(
        operation_id="give_return_picture",
        tags=["returns"],
        parameters=[ORDER_NUMBER],
        request={"multipart/form-data": PictureIn},
        responses=answers(201, PictureTaken, 401, 404, 409, 413, 422, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Give a picture for a claim of this order; what it carries beside what is seen is not kept."""
        order = returns.own_order(customer_id=self.own.customer_id, number=number)
        content = sent_picture(request, none=BadPicture(), large=PictureTooLarge())
        row = take_picture(number=order.number, content=content, now=self.now)
        return Json({"id": row.public_id}, 201)


class ReturnPictureView(Door):
    """查看售后凭证图片."""

    @extend_schema(
        operation_id="return_picture",
        tags=["returns"],
        parameters=[ORDER_NUMBER, in_path("id", "of the picture", OpenApiTypes.UUID)],
        responses={(200, MEDIA_TYPE): OpenApiResponse(OpenApiTypes.BINARY), **problems(401, 404)},
    )
    def get(self, request: Request, number: str, id: UUID) -> HttpResponse:
        """A picture that the customer gave."""
        row = returns.picture(customer_id=self.own.customer_id, number=number, public_id=id)
        answer = HttpResponse(open_picture(row), content_type=MEDIA_TYPE)
        answer["Cache-Control"] = "private, no-store"
        return answer
