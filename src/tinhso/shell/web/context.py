"""What every page knows: `page` in templates. Each part is worked out only when a template asks for it."""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tinhso.kernel.notices.queries import unread_count
from tinhso.kernel.people.models import Person
from tinhso.kernel.units.queries import UnknownUnitError, directory, territory


@dataclass(frozen=True)
class Entry:
    """A link of a menu; `name` is what a page gives as `nav` to mark it as current."""

    name: str
    title: str
    icon: str
    url: str


class Page:
    """The frame around a page's own content."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.demo: bool = settings.TINHSO_DEMO
        self.language = get_language() or settings.LANGUAGE_CODE

    @cached_property
    def province(self) -> str:
        """The province's name, empty before its units are loaded."""
        try:
            top = directory().unit(settings.TINHSO_ROOT_UNIT, timezone.localdate())
        except UnknownUnitError:
            return ""
        return territory(top.area_id).province.title if top.area_id else top.title

    @property
    def places(self) -> str:
        """The address of the communes that maps show."""
        return reverse("reports:places")

    @property
    def tiles(self) -> str:
        """The address of the map's tiles; empty where the communes' areas are the map."""
        return str(settings.TINHSO_TILES)

    @cached_property
    def name(self) -> str:
        return f"{_('Digital Province')} {self.province}".strip()

    @cached_property
    def nav(self) -> list[Entry]:
        """The main menu of staff."""
        entries = [
            Entry("inbox", _("Inbox"), "inbox", reverse("desk:inbox")),
            Entry("board", _("Operations board"), "chart-bar", reverse("ioc:board")),
            Entry("map", _("Map"), "map-2", reverse("ioc:map")),
        ]
        if self.demo:
            entries.append(Entry("outbox", _("Outbox"), "send", reverse("notices:outbox")))
        return entries

    @cached_property
    def account(self) -> list[Entry]:
        """The menu under a person's name."""
        return [Entry("account", _("Account and sign-in"), "settings", reverse("account_home"))]

    @cached_property
    def unread(self) -> int:
        """How many notices on the desk the person has not read; one statement."""
        user = self._request.user
        return unread_count(user) if isinstance(user, Person) else 0


def page(request: HttpRequest) -> dict[str, Page]:
    """Context processor: `page`."""
    return {"page": Page(request)}
