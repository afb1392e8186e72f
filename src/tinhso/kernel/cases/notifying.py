"""Whom a case's events are told, in which words."""

from collections.abc import Mapping
from contextlib import suppress

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format

from tinhso.kernel.cases.catalogue import CaseType
from tinhso.kernel.cases.models import Case
from tinhso.kernel.notices.actions import Message
from tinhso.kernel.people.contacts import Address, Channel, parse_contact
from tinhso.kernel.people.models import Membership, Person
from tinhso.kernel.people.rules import Role

FOLLOWERS_TEXT = "followed-answer"
"""The text for offices that follow a case, such as those that pushed it up: the answer comes back to them."""


def tracking_link(case: Case) -> str:
    """The address by which whoever raised the case follows it, rates it and answers questions."""
    return f"{settings.TINHSO_PUBLIC_URL}/t/{case.secret}"


def due_in_words(case: Case, language: str) -> str:
    """The due date as a person reads it; a dash while none runs."""
    if case.due_at is None:
        return "–"
    with translation.override(language):
        return date_format(
            timezone.localtime(case.due_at), "H:i, j F Y" if language == "en" else "H:i \\n\\g\\à\\y d/m/Y"
        )


def raiser_messages(case: Case, case_type: CaseType, event: str, words: Mapping[str, str]) -> list[Message]:
    """What to tell whoever raised the case about *event*: nothing without a text for it or an address."""
    template = case_type.notices.get(event)
    to = _address_of(case)
    if template is None or to is None:
        return []
    language = str(case.personal.get("language") or (case.raiser.language if case.raiser else "vi"))
    return [Message(template, to, language, parameters(case, language, words), ("case", case.pk), case.raiser_id)]


def parameters(case: Case, language: str, words: Mapping[str, str]) -> dict[str, str]:
    """What texts can speak of."""
    with translation.override(language):
        unit = case.lead.title
    text = next((words[name] for name in ("answer", "question", "reason", "reply") if name in words), "")
    return {
        "number": case.number,
        "unit": unit,
        "due": due_in_words(case, language),
        "link": tracking_link(case),
        "text": text,
        "reason": words.get("reason", ""),
        "category": case.category,
        "code": "",
        "minutes": "",
    }


def _address_of(case: Case) -> Address | None:
    contact = case.personal.get("contact")
    if contact:
        with suppress(ValueError):  # one that was taken before the rules for contacts became stricter
            return parse_contact(str(contact))
    if case.raiser and case.raiser.phone:
        return Address(Channel.SMS, case.raiser.phone)
    if case.raiser and case.raiser.email:
        return Address(Channel.EMAIL, case.raiser.email)
    return None


def desk_messages(case: Case, template: str, unit: int | None, role: Role) -> list[Message]:
    """The same words on the desk of everybody who holds *role* in *unit* today; one statement."""
    if unit is None:
        return []
    held = Membership.objects.as_of(timezone.localdate()).filter(unit_id=unit, role=role.value)
    people = Person.objects.filter(pk__in=held.values("person"), is_active=True)
    return [
        Message(
            template,
            Address(Channel.DESK, str(person.pk)),
            person.language,
            parameters(case, person.language, {}),
            ("case", case.pk),
            person.pk,
        )
        for person in people
    ]
