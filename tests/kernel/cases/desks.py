"""The desk as a browser of one of the staff sees it."""

import re
from html import unescape

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.people.middleware import HAS_SECOND_FACTOR
from tinhso.kernel.people.models import Person


def browser(actor: Actor) -> Client:
    """Signed in as *actor*, with both factors."""
    client = Client()
    client.force_login(Person.objects.get(pk=actor.person or 0))
    session = client.session
    session[HAS_SECOND_FACTOR] = True
    session.save()
    return client


def page_of(case: Case) -> str:
    return reverse("desk:case", args=[case.number])


def numbers(html: str) -> list[str]:
    """The cases that a list shows, in order."""
    return re.findall(r'class="desk-open" href="[^"]*">([^<]+)<', html)


def offered(html: str) -> list[str]:
    """Addresses of the buttons of a case's page."""
    section = html.split('class="desk-do card"')[1].split("</section>", maxsplit=1)[0]
    return [unescape(it) for it in re.findall(r'(?:href|action)="([^"]+)"', section)]


def hidden_fields(html: str) -> dict[str, str]:
    """The hidden fields of the form on a page, and what stands in them."""
    form = html.split('class="desk-form"')[1]
    return dict(
        re.findall(r'<input type="hidden" name="(seen|seen_event|key|kept|was-[a-z]+)" value="([^"]*)">', form)
    )


def statements_of(client: Client, address: str, **headers: str) -> int:
    """Statements that a page takes beside those of every page: session, person, scope, bell."""
    frame = ("django_session", "people_membership m", 'FROM "people_person" WHERE "people_person"."id" =')
    with CaptureQueriesContext(connection) as context:
        response = client.get(address, headers=headers)
    assert response.status_code == 200
    counted = [it["sql"] for it in context if not it["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    bell = [it for it in counted if "notices_notice" in it and "COUNT(" in it]
    return len(counted) - len(bell) - sum(any(name in it for name in frame) for it in counted)
