"""What this app holds about people: WeChat's messages as they came, sealed by WeChat itself."""

from __future__ import annotations

from compliance.personal_fields import PersonalField

FIELDS = (
    PersonalField(
        model="payments.Notification",
        field="body",
        klass="pseudonym",
        purpose="to prove what WeChat Pay told us; its content is encrypted under the merchant's APIv3 key",
        basis="law",
        retention="five years, with the payment",
        export="the payment itself is exported, not the message",
        erase="kept until its day: evidence of a payment",
    ),
)
