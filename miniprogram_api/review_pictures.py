"""Pictures for a review: one a call, by a form; they are shown with the review, once a person has looked."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from kernel.documents import answers
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from miniprogram_api.orders import NUMBER
from miniprogram_api.return_pictures import PictureIn, PictureTaken
from miniprogram_api.uploads import sent_picture
from orders import queries as orders
from reviews.services.pictures import BadReviewPicture, take_picture


class ReviewPictures(Door):
    """上传评价图片."""

    parser_classes = [MultiPartParser]
    own_transaction = frozenset({"POST"})
    limits = {"POST": Limit("review_pictures", 60, 3600)}

    @extend_schema(
        operation_id="give_review_picture",
        tags=["orders"],
        parameters=[NUMBER],
        request={"multipart/form-data": PictureIn},
        responses=answers(201, PictureTaken, 401, 404, 409, 413, 422, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Give a picture for a review of this order; what it carries beside what is seen is not kept."""
        order = orders.order(customer_id=self.own.customer_id, number=number)
        content = sent_picture(request, none=BadReviewPicture(), large=BadReviewPicture())
        return Json({"id": take_picture(order=order, content=content, now=self.now).public_id}, 201)
