"""The demo's data: the past of Bình Phước, today's reports of Đồng Nai, and one account for each role.

Everything comes from `catalog/demo` and goes through the actions that the pages call. Loading twice changes nothing.
The models are imported with this module, so it is imported only after the apps are ready.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.utils import timezone
from pydantic import Field

from tinhso.kernel.cases.actions import Opening
from tinhso.kernel.cases.queries import calendars
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.catalogue import CatalogueError, Entry, Finding, Words, read
from tinhso.kernel.files.actions import store_photo
from tinhso.kernel.people.actions import appoint, issue_token
from tinhso.kernel.people.contacts import parse_contact
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.queries import person_of_token
from tinhso.kernel.people.rules import SEE_BELOW, Post, Role, Scope
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import directory, keys_below, territory
from tinhso.kernel.worktime.rules import FIRST_DAY, Calendar
from tinhso.shell.cli import progress
from tinhso.shell.cli.pictures import Kind, picture
from tinhso.systems.reports.playing import Past, Step, Story, play, read_past

FOLDER = "demo"
PAST, TODAY = "binh-phuoc-2020.yaml", "dong-nai.yaml"
TOKEN_NAME = "Demo"  # noqa: S105  a title
SYLLABLES = 4
EVENING = timedelta(hours=19, minutes=20)
SPREAD = 0.012
"""How far from its commune's point a report of today lies at the most, in degrees: about 1.3 km."""


class DemoAccount(NamedTuple):
    """One line of what a demo prints; `secret` is what one signs in with."""

    role: str
    username: str
    secret: str
    sees: str


class AccountEntry(Entry):
    """An account of the demo, in the office `unit` or in that of the commune with this code."""

    username: str
    role: Role | Literal["resident"]
    name: str
    sees: Words
    unit: str | None = None
    commune: str | None = None


class TodayStep(Entry):
    """A step so many working hours before now."""

    at: Annotated[float, Field(ge=0)]
    do: str
    by: str
    typed: dict[str, Any] = {}


class TodayReport(Entry):
    """A report that was opened so many working hours before now."""

    id: str
    category: str
    commune: str
    text: str
    opened: Annotated[float, Field(ge=0)]
    evening: bool = False
    channel: str = "web"
    contact: str | None = None
    raiser: str | None = None
    filed_by: str | None = None
    picture: Kind | None = None
    steps: list[TodayStep] = []


class TodayEntry(Entry):
    """Today's demo; `unit` is the office on top of the province."""

    unit: str
    type: str
    note: Words
    accounts: list[AccountEntry]
    reports: list[TodayReport]


def load(say: Callable[[str], None] = progress.say) -> list[DemoAccount]:
    """Load what is not there yet, telling *say* how far it is; returns the accounts.

    Raises CatalogueError for a fault in the files, and what the engine refuses.
    """
    load_past(say)
    return load_today(say)


def load_past(say: Callable[[str], None] = progress.say) -> int:
    """Play the past; returns the number of steps carried out now."""
    past = read_past(_file(PAST))
    cast = _past_cast(past)
    title = f"{directory().unit(past.header.unit, past.header.from_).name}, {past.header.from_:%Y}"
    return play(past.stories(), cast, until=timezone.now(), progress=_tell(say, title))


def load_today(say: Callable[[str], None] = progress.say) -> list[DemoAccount]:
    """Make the accounts and play today's reports."""
    entry = _today()
    people = _make_accounts(entry)
    staff = _Staff("demo", active=True)
    top = directory().unit(entry.unit, timezone.localdate())
    for it in entry.accounts:
        if it.role != "resident":
            staff.known[Role(it.role), _office(it, top).pk] = people[it.username]
    now = timezone.now()
    stories = [_story(entry, report, people, top, now) for report in entry.reports]
    play(stories, staff.cast(entry.unit), until=now, progress=_tell(say, "Đồng Nai"))
    return accounts()


def accounts() -> list[DemoAccount]:
    """What a demo prints of its accounts, after they were made."""
    found = []
    for it in _today().accounts:
        if it.role == "resident":
            found.append(DemoAccount(it.role, it.username, "code by SMS, shown at /outbox/", it.sees.en))
            continue
        found.append(DemoAccount(it.role, it.username, _kept("demo_password", _password), it.sees.en))
        if it.role is Role.INTEGRATOR:
            found.append(DemoAccount("API", "Bearer token", _key_file("demo_token").read_text(), it.sees.en))
    return found


def _file(name: str) -> Path:
    return Path(settings.TINHSO_CATALOG) / FOLDER / name


def _today() -> TodayEntry:
    return read(_file(TODAY), TodayEntry, Path(settings.TINHSO_CATALOG))


def _tell(say: Callable[[str], None], title: str) -> Callable[[int, int], None]:
    """A line each time another quarter is done."""
    quarters = 0

    def tell(done: int, steps: int) -> None:
        nonlocal quarters
        if done * 4 // steps > quarters:
            quarters = done * 4 // steps
            say(f"  {title}: {done} of {steps} steps")

    return tell


class _Staff:
    """People of offices who act in stories, made when they are first needed. Nobody signs in as one of them."""

    def __init__(self, prefix: str, *, active: bool, since: date | None = None) -> None:
        self.prefix = prefix
        self.active = active
        self.since = since
        self.known: dict[tuple[Role, int], Person] = {}
        self._actors: dict[tuple[Role, int], Actor] = {}

    def cast(self, top: str) -> Callable[[str, Unit, datetime], Actor]:
        """Who acts: the operator of the office *top*, or whoever holds the role in the lead unit."""

        def acting(by: str, lead: Unit, at: datetime) -> Actor:
            role = Role(by)
            unit = directory().unit(top, timezone.localdate(at)) if role is Role.OPERATOR else lead
            return self._actor(role, unit)

        return acting

    def _actor(self, role: Role, unit: Unit) -> Actor:
        key = role, unit.pk
        if key not in self._actors:
            person = self.known.get(key) or self._colleague(role, unit)
            seen = keys_below(unit, lineage=True) if role in SEE_BELOW else unit.lineage
            # Not the person's scope of today: offices of the past have none.
            post = Post(role, unit.pk, frozenset(unit.path), frozenset(seen))
            self._actors[key] = Actor(Scope.of(person.pk, [post]))
        return self._actors[key]

    def _colleague(self, role: Role, unit: Unit) -> Person:
        title = {Role.LEADER: "Lãnh đạo", Role.OPERATOR: "Điều hành viên"}.get(role, "Cán bộ")
        person, _ = Person.objects.get_or_create(
            username=f"{self.prefix}.{unit.code}.{unit.valid_from:%Y}.{role}".lower(),
            defaults={
                "name": f"{title}, {unit.name}"[:150],
                "password": make_password(None),
                "is_active": self.active,
            },
        )
        post = appoint(person, unit, role, since=max(self.since or unit.valid_from, unit.valid_from))
        if post.valid_to != unit.valid_to:
            post.valid_to = unit.valid_to
            post.save(update_fields=["valid_to"])
        return person


def _past_cast(past: Past) -> Callable[[str, Unit, datetime], Actor]:
    return _Staff(past.name, active=False, since=past.header.from_).cast(past.header.unit)


def _make_accounts(entry: TodayEntry) -> dict[str, Person]:
    """The demo's accounts by user name; their password is set anew only when it is another than the one kept."""
    password = _kept("demo_password", _password)
    top = directory().unit(entry.unit, timezone.localdate())
    kept = Person.objects.filter(username__in=[it.username for it in entry.accounts]).exclude(phone__isnull=False)
    first = kept.first()
    encoded = first.password if first and check_password(password, first.password) else make_password(password)
    people = {}
    for it in entry.accounts:
        if it.role == "resident":
            phone = parse_contact(it.username).value
            people[it.username], _ = Person.objects.get_or_create(
                phone=phone,
                defaults={
                    "username": f"demo.resident{phone}",
                    "name": it.name,
                    "phone_verified": True,
                    "password": make_password(None),
                },
            )
            continue
        person, _ = Person.objects.get_or_create(
            username=it.username, defaults={"name": it.name, "password": encoded}
        )
        if person.password != encoded:
            person.password = encoded
            person.save(update_fields=["password"])
        office = _office(it, top)
        appoint(person, office, it.role, since=office.valid_from)
        people[it.username] = person
        if it.role is Role.INTEGRATOR:
            _keep_token(person)
    return people


def _office(entry: AccountEntry, top: Unit) -> Unit:
    """Where an account works. Raises UnknownUnitError; CatalogueError when its commune has no office."""
    today = timezone.localdate()
    if entry.unit:
        return directory().unit(entry.unit, today)
    area = territory(top.area_id or 0).commune(entry.commune or "")
    office = directory().office_of(area, today)
    if office is None:
        raise CatalogueError([Finding(f"{FOLDER}/{TODAY}", 1, f"{entry.username}: {area.name} has no office")])
    return office


def _key_file(name: str) -> Path:
    return Path(settings.TINHSO_HOME) / "keys" / name


def _kept(name: str, make: Callable[[], str]) -> str:
    """What is kept under *name* among the installation's keys, made at first use, readable by its owner only."""
    path = _key_file(name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f".{name}.new")
        fresh.touch(mode=0o600)
        fresh.write_text(make())
        fresh.replace(path)
    return path.read_text()


def _password() -> str:
    """Something that can be typed on a phone: four syllables of the kind `tuke`, and two digits; about 44 bits."""
    letters = ("bcdghklmnprstvx", "aeiou")
    words = ["".join(secrets.choice(letters[i % 2]) for i in range(4)) for _ in range(SYLLABLES)]
    return "-".join([*words, str(secrets.randbelow(90) + 10)])


def _keep_token(person: Person) -> None:
    path = _key_file("demo_token")
    if not path.exists() or person_of_token(path.read_text()) != person:
        path.unlink(missing_ok=True)
        _kept("demo_token", lambda: issue_token(person, TOKEN_NAME))


def _story(entry: TodayEntry, report: TodayReport, people: dict[str, Person], top: Unit, now: datetime) -> Story:
    """The report as it can be played, its times counted back from *now*. Raises CatalogueError."""
    calendar = calendars()["office"]
    hours = [report.opened, *(step.at for step in report.steps)]
    if hours != sorted(hours, reverse=True):
        raise CatalogueError(
            [Finding(f"{FOLDER}/{TODAY}", 1, f"{report.id}: its steps are not in the order of time")]
        )
    opened, *times = [_before(calendar, now, it) for it in hours]
    if report.evening:
        opened = _evening_before(opened)
    place = territory(top.area_id or 0).commune(report.commune)
    east, north = ((part * 2 - 1) * SPREAD for part in _luck(report.id))

    def opening() -> Opening:
        typed = {
            "category": report.category,
            "text": report.text,
            "place": {
                "commune": report.commune,
                "lat": round((place.latitude or 0) + north, 5),
                "lon": round((place.longitude or 0) + east, 5),
            },
        }
        if report.contact:
            typed["contact"] = report.contact
        photos = [store_photo(picture(report.picture, report.id)).pk] if report.picture else []
        return Opening(
            type=entry.type,
            typed=typed,
            channel=report.channel,
            within=entry.unit,
            raiser=people[report.raiser] if report.raiser else None,
            filed_by=people[report.filed_by] if report.filed_by else None,
            photos=photos,
        )

    steps = [Step(at, step.do, step.by, _with_keys(step.typed)) for at, step in zip(times, report.steps, strict=True)]
    return Story(_story_key(report.id), opened, opening, steps)


def _story_key(report: str) -> str:
    return f"demo:dong-nai:{report}"


def _with_keys(typed: dict[str, Any]) -> dict[str, Any]:
    return typed | {"into": _story_key(typed["into"])} if "into" in typed else typed


def _before(calendar: Calendar, now: datetime, hours: float) -> datetime:
    """The instant that lies so many working hours before *now*."""
    beginning = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=calendar.zone)
    return calendar.add(beginning, calendar.position(now) - round(hours * 60))


def _evening_before(at: datetime) -> datetime:
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - timedelta(days=1) + EVENING).astimezone(UTC)


def _luck(text: str) -> tuple[float, float]:
    """Two numbers from 0 to 1 that always belong to *text*."""
    total = sum(ord(sign) * 31**n for n, sign in enumerate(text))
    return (total % 997) / 997, (total % 991) / 991
