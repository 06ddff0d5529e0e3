"""Makes an operator, or brings one up to date: name, password, role in a storefront."""

from __future__ import annotations

import os
import secrets
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from storefronts.models import Membership, Operator, Storefront
from storefronts.services import sessions


class Command(BaseCommand):
    help = "Make an operator; the password comes from OPERATOR_PASSWORD, else one is made and printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--storefront", metavar="CODE", help="where the operator works")
        parser.add_argument("--role", choices=Membership.Role.values, help="what as")
        parser.add_argument("--superuser", action="store_true", help="of the whole platform")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["storefront"]) != bool(options["role"]):
            raise CommandError("--storefront and --role go together")
        if not options["storefront"] and not options["superuser"]:
            raise CommandError("give --storefront and --role, or --superuser")
        storefront = None
        if options["storefront"]:
            storefront = Storefront.objects.filter(code=options["storefront"]).first()
            if storefront is None:
                raise CommandError(f"there is no storefront {options['storefront']!r}")
        operator, new = Operator.objects.select_for_update().get_or_create(username=options["username"])
        given = os.environ.get("OPERATOR_PASSWORD", "")
        password = given or (secrets.token_urlsafe(15) if new else "")
        if password:
            try:
                validate_password(password, operator)
            except ValidationError as weak:
                raise CommandError(" ".join(weak.messages)) from weak
            operator.set_password(password)
        operator.is_staff = operator.is_active = True
        operator.is_superuser = operator.is_superuser or options["superuser"]
        operator.save()
        sessions.end_all(operator=operator)  # with another password or role one comes in anew
        if storefront is not None:
            Membership.objects.get_or_create(operator=operator, storefront=storefront, role=options["role"])
        self.stdout.write(f"operator {operator.username} {'made' if new else 'brought up to date'}")
        if password and not given:
            self.stdout.write(f"password: {password}")
