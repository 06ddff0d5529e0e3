"""The personal fields of this app."""

from __future__ import annotations

from compliance.personal_fields import PersonalField

ORDER_YEARS = "5 years after the order, as its retention key"

FIELDS = (
    PersonalField(
        model="compliance.Person",
        field="number_index",
        klass="pseudonym",
        purpose="one annual allowance for one human being over all storefronts",
        basis="law",
        retention=ORDER_YEARS,
        export="not given: it cannot be read back into a number",
        erase="kept until retention ends; no name or number can be found from it",
    ),
    PersonalField(
        model="compliance.Subject",
        field="person",
        klass="pseudonym",
        purpose="links a customer to the allowance of the verified person",
        basis="law",
        retention="until the account is closed",
        export="as the state of verification",
        erase="set to nothing",
    ),
    PersonalField(
        model="compliance.Judgement",
        field="facts_sealed",
        klass="sensitive",
        purpose="evidence of why a purchase was allowed or refused",
        basis="law",
        retention=ORDER_YEARS + "; of a quote, as long as the subject's key",
        export="in plain words with the order",
        erase="a quote's with the subject's key, an order's when its retention key is destroyed",
    ),
    PersonalField(
        model="compliance.Consent",
        field="subject",
        klass="pseudonym",
        purpose="proof of what the person agreed to, and when it ended",
        basis="law",
        retention="3 years after it ended",
        export="kind, version, given and withdrawn",
        erase="withdrawn at once, the record kept until retention ends",
    ),
    PersonalField(
        model="compliance.AllowanceEntry",
        field="order_number",
        klass="pseudonym",
        purpose="how the annual allowance was used",
        basis="law",
        retention=ORDER_YEARS,
        export="as the statement of the year's allowance",
        erase="kept until retention ends",
    ),
    PersonalField(
        model="compliance.Disclosure",
        field="subject",
        klass="pseudonym",
        purpose="to whom personal data was given, what for and on which basis",
        basis="law",
        retention="3 years",
        export="as the list of disclosures",
        erase="kept until retention ends; it names fields, never what they say",
    ),
    PersonalField(
        model="compliance.Access",
        field="ref",
        klass="pseudonym",
        purpose="who opened personal data, and what for",
        basis="law",
        retention="3 years",
        export="as the list of who looked at the person's data",
        erase="kept until retention ends",
    ),
    PersonalField(
        model="compliance.IncidentAffected",
        field="people_sealed",
        klass="pseudonym",
        purpose="whom an incident concerned, so that they can be told",
        basis="law",
        retention="3 years after it was written",
        export="as the notice of the incident",
        erase="kept until retention ends; holds numbers of rows, no names",
    ),
)
