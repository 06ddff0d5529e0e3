"""A review of one line of an order: its stars, its words, looked at apart, and its pictures.

Words are written to be read by everybody and stand as they are read; before they are shown and once they are
hidden a colleague opens them for a stated purpose alone.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from catalog.models import Product
from customers.models import Customer
from kernel.ids import uuid7
from kernel.models import File
from orders.models import Order, OrderLine
from reviews.states import WORDS
from storefronts.models import Storefront

LONGEST = 500


class Review(models.Model):
    """What a consumer thinks of one line of an order; of a closed account the stars alone, tied to nobody.

    `public_at` is when its first words were first decided upon: from then on its stars count, whatever
    becomes of the words, until the author takes it back.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="none once the account is closed",
    )
    line = models.OneToOneField(
        OrderLine,
        on_delete=models.PROTECT,
        null=True,
        related_name="review",
        help_text="none once the account is closed",
    )
    rating = models.PositiveSmallIntegerField(help_text="one to five stars")
    shown_name = models.CharField(
        max_length=10, blank=True, default="", help_text="masked nickname; empty: anonymous"
    )
    written_at = models.DateTimeField()
    public_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    reply = models.CharField(max_length=LONGEST, blank=True, default="", help_text="the brand's answer")
    replied_at = models.DateTimeField(null=True, blank=True)
    replied_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="review_rating", condition=Q(rating__range=(1, 5))),
            models.CheckConstraint(
                name="review_tied_whole",
                condition=Q(customer__isnull=False, line__isnull=False)
                | Q(customer=None, line=None, shown_name=""),
            ),
            models.CheckConstraint(
                name="review_withdrawn_unlisted", condition=Q(withdrawn_at=None) | Q(public_at=None)
            ),
            models.CheckConstraint(
                name="review_replied_whole",
                condition=Q(reply="", replied_at=None, replied_by="")
                | ~Q(reply="") & Q(replied_at__isnull=False) & ~Q(replied_by=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["product", "-public_id"], name="review_list", condition=Q(public_at__isnull=False)
            ),
            models.Index(
                fields=["product", "rating", "-public_id"],
                name="review_by_rating",
                condition=Q(public_at__isnull=False),
            ),
            models.Index(fields=["customer", "-public_id"], name="review_of_customer"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def event_key(self) -> str:
        return f"review:{self.public_id}"


class ReviewWords(models.Model):
    """What was written with a review at first, or was added to it once (追评)."""

    class Kind(models.TextChoices):
        FIRST = "first", "首次评价 · first words"
        MORE = "more", "追加评价 · added later"

    class Why(models.TextChoices):
        RISKY = "risky", "内容检测提示违规 · found risky"
        DOUBTFUL = "doubtful", "内容检测建议人工审核 · a person should look"
        UNCHECKED = "unchecked", "内容检测未完成 · could not be checked"
        PICTURES = "pictures", "图片须人工审核 · its pictures are looked at by a person"

    class Ground(models.TextChoices):
        ILLEGAL = "illegal", "违法信息 · unlawful content"
        PRIVACY = "privacy", "泄露他人个人信息 · other people's personal data"
        INSULT = "insult", "侮辱、诽谤 · insult or defamation"
        FRAUD = "fraud", "诈骗、违法广告 · fraud or unlawful advertising"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="words")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    text = models.CharField(max_length=LONGEST, blank=True, default="")
    state = models.CharField(max_length=10, choices=WORDS.choices, default=WORDS.start)
    written_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True, help_text="when WeChat was first asked")
    why = models.CharField(
        max_length=10, choices=Why.choices, blank=True, default="", help_text="why a person looks at them"
    )
    ground = models.CharField(
        max_length=10, choices=Ground.choices, blank=True, default="", help_text="on which they were hidden"
    )
    note = models.CharField(
        max_length=200, blank=True, default="", help_text="what the author is told beside the ground"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        verbose_name_plural = "review words"
        constraints = [
            models.UniqueConstraint(fields=["review", "kind"], name="review_words_once"),
            models.CheckConstraint(
                name="review_hidden_why", condition=~Q(state="hidden") | ~Q(ground="") & ~Q(decided_by="")
            ),
            models.CheckConstraint(
                name="review_withdrawn_gone", condition=~Q(state="withdrawn") | Q(text="")
            ),
        ]
        indexes = [models.Index(fields=["storefront", "state", "-id"], name="review_words_queue")]

    def __str__(self) -> str:
        return f"{self.review_id} {self.kind}"

    @property
    def event_key(self) -> str:
        """That of its review."""
        return self.review.event_key

    @property
    def case_key(self) -> str:
        """The key of what a person has to look at."""
        return f"review_words:{self.public_id}"


class ReviewPicture(models.Model):
    """A picture given for an order's review: without words a day, then with them."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    words = models.ForeignKey(ReviewWords, on_delete=models.PROTECT, null=True, related_name="pictures")
    position = models.PositiveSmallIntegerField(default=0)
    file = models.OneToOneField(File, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return str(self.public_id)
