"""Fills the database with three years of reports, fast: `filling.sql` makes the rows inside PostgreSQL.

Cases, their events and what the follower keeps are all there, with the limits, routing and calendar of the
catalogue: about 95 communes' offices and the departments lead them, 97 % are closed, some are overdue, pushed up,
asked back, rated or reopened. Notices, remarks and photos are left out.
"""

import random
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import h3
import psycopg
from django.db.models import Max
from django.utils import timezone
from psycopg import sql

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.actions.opening import CELL_RESOLUTION
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules import numbers
from tinhso.kernel.cases.rules.routing import focal_point, route
from tinhso.kernel.journal.followers import all_followers
from tinhso.kernel.people.models import Membership, Person
from tinhso.kernel.people.rules import Role
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import directory, territory
from tinhso.kernel.worktime.rules import WORKING_DAYS
from tinhso.shell.database.installation import connect

TOP = "H19"
DAYS = 3 * 365
CHUNK = 100_000
MANY = 100_000
"""From so many rows on it pays to build the indexes afterwards."""
SPOTS = 10
FILLED = ("cases_case", "journal_event", "measures_fact", "measures_spell", "measures_tally")

# Shares of the categories: what a province of this kind hears most.
SHARES = {
    "road": 22, "rubbish": 16, "order": 9, "light": 9, "water": 8, "traffic": 7, "pollution": 7, "building": 6,
    "power": 4, "trees": 3, "telecom": 3, "service": 2, "food": 2, "other": 2,
}  # fmt: skip
OPENERS = (
    "Mặt đường bị hư hỏng nặng, nhiều ổ gà sâu trên", "Rác thải sinh hoạt tồn đọng nhiều ngày ở",
    "Đèn đường không sáng từ tuần trước tại", "Nước ngập mỗi khi mưa lớn trên đường", "Xe tải đậu lấn lòng đường ở",
    "Tiếng ồn từ quán karaoke vượt mức tại", "Cây xanh nghiêng có nguy cơ đổ trên", "Cột điện bị nứt, dây sà thấp ở",
    "Nắp cống bị mất gây nguy hiểm tại", "Công trình xây dựng không phép ở", "Người dân phản ánh mất nước sạch tại",
    "Sóng di động rất yếu, không gọi được ở",
)  # fmt: skip
STREETS = (
    "đường Phú Riềng Đỏ", "đường Hùng Vương", "đường Nguyễn Huệ", "Quốc lộ 14", "Quốc lộ 1A", "đường ĐT741",
    "đường Lê Duẩn", "khu phố Tân Bình", "ấp 3", "tổ 7, khu phố 2", "chợ Đồng Xoài", "đường Võ Thị Sáu",
    "đường Cách Mạng Tháng Tám", "hẻm 12 đường Trần Phú", "khu công nghiệp Chơn Thành", "cầu Nha Bích",
)  # fmt: skip
DETAILS = (
    "Đề nghị cơ quan chức năng sớm kiểm tra và khắc phục.", "Đã phản ánh nhiều lần nhưng chưa được giải quyết.",
    "Trẻ em và người già đi lại rất khó khăn, nhất là buổi tối.", "Có hình ảnh kèm theo, mong được trả lời.",
    "Tình trạng kéo dài hơn một tháng nay, ảnh hưởng tới sinh hoạt của bà con.",
    "Hôm qua đã có người bị té xe tại vị trí này.", "Kính mong lãnh đạo quan tâm xử lý dứt điểm.",
)  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """What is there now, and who looks at it."""

    cases: int
    events: int
    officer: Person
    operator: Person


class Filling:
    """Fills one database in steps; every step adds to the one before."""

    def __init__(self, progress: Any = None) -> None:
        self._say = progress or (lambda text: None)
        self._top = directory().unit(TOP, timezone.localdate())
        self._version = queries.current_version("report")
        self._officers: dict[int, Person] = {}
        self._taken = 0
        self._today = timezone.localdate()

    def fill(self, upto: int) -> Filled:
        """Add cases until there are *upto*."""
        first = (Case.objects.aggregate(Max("pk"))["pk__max"] or 0) + 1
        count = upto - Case.objects.count()
        with connect() as database:
            database.execute("SET timezone = 'UTC'; SET synchronous_commit = off; SET work_mem = '256MB'")
            database.execute("SET maintenance_work_mem = '512MB'; SELECT setseed(0.42)")
            self._reference(database)
            with _without_indexes(database, self._say, when=count >= MANY):
                self._rows(database, first, count)
        self._settle(upto)
        self._taken += -(-count // DAYS) + 1
        return self._filled(upto)

    def _rows(self, database: psycopg.Connection, first: int, count: int) -> None:
        parts = _parts()
        values = {
            "first": first,
            "count": count,
            "days": DAYS,
            "taken": self._taken,
            "now": timezone.now().replace(microsecond=0) - timedelta(minutes=5),
            "openers": len(OPENERS),
            "streets": len(STREETS),
            "details": len(DETAILS),
            "opener_words": list(OPENERS),
            "street_words": list(STREETS),
            "detail_words": list(DETAILS),
            "salt": "bench",
            "version": self._version.pk,
        }
        self._say("plan of every case")
        cursor = psycopg.ClientCursor(database)
        cursor.execute("DROP TABLE IF EXISTS bench_plan")
        cursor.execute(parts["plan"], values)
        cursor.execute("ALTER TABLE bench_plan ADD PRIMARY KEY (id); ANALYZE bench_plan")
        for low in range(first, first + count, CHUNK):
            high = min(low + CHUNK, first + count) - 1
            self._say(f"cases {low - first:,} to {high - first + 1:,} of {count:,}")
            for part in ("cases", "events", "spells"):
                cursor.execute(parts[part], values | {"low": low, "high": high})
        self._say("facts and tallies")
        cursor.execute(parts["facts"], values | {"low": first, "high": 2**62})
        cursor.execute(parts["tallies"], values)
        cursor.execute("DROP TABLE bench_plan")
        cursor.execute("SELECT setval(pg_get_serial_sequence('cases_case', 'id'), max(id)) FROM cases_case")
        for follower in all_followers():
            cursor.execute(
                "INSERT INTO journal_checkpoint (follower, transaction, event_id)"
                " SELECT %s, transaction, id FROM journal_event ORDER BY transaction DESC, id DESC LIMIT 1"
                " ON CONFLICT (follower) DO UPDATE"
                " SET transaction = excluded.transaction, event_id = excluded.event_id",
                [follower.name],
            )
        database.commit()

    def _settle(self, upto: int) -> None:
        """What autovacuum does within minutes: statistics, visibility, and nothing left to write."""
        self._say(f"vacuum and analyse {upto:,} cases")
        with connect() as database:
            database.autocommit = True
            for table in FILLED:
                database.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
            database.execute("CHECKPOINT")

    def _filled(self, upto: int) -> Filled:
        with connect() as database:
            row = database.execute("SELECT count(*) FROM journal_event").fetchone()
            busiest = database.execute(
                "SELECT c.lead_id FROM cases_case c JOIN units_unit u ON u.id = c.lead_id WHERE u.kind = 'committee'"
                " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
            ).fetchone()
        assert row and busiest
        operator, fresh = Person.objects.get_or_create(username="bench-operator", defaults={"name": "Trực điều hành"})
        if fresh:
            self._appoint(operator, self._top, Role.OPERATOR)
        return Filled(upto, row[0], self._officers[busiest[0]], operator)

    def _appoint(self, person: Person, unit: Unit, role: Role) -> None:
        Membership.objects.create(person=person, unit=unit, role=role.value, valid_from=unit.valid_from)

    def _reference(self, database: psycopg.Connection) -> None:
        """Days, categories, communes, routes and due dates of the catalogue, as tables to join with."""
        leads = self._routes()
        for unit in sorted({key for _, _, lead, focal in leads for key in (lead, focal)} - self._officers.keys()):
            person = Person.objects.create(username=f"bench-{unit}", name=f"Cán bộ {unit}")
            self._appoint(person, directory().by_key[unit], Role.OFFICER)
            self._officers[unit] = person
        total = sum(SHARES.values())
        bounds, low = [], 0
        for name, share in SHARES.items():
            bounds.append((name, low / total, (low + share) / total))
            low += share
        tables: list[tuple[str, str, Iterable[tuple[Any, ...]]]] = [
            ("category", "category text, low float, high float", bounds),
            ("day", "n int, day date, stamp text, luhn int, age int", self._days()),
            ("seq", "seq int, luhn int", [(n, int(numbers.luhn(f"{n:04}"))) for n in range(1, 10_000)]),
            ("area", "area bigint, code text, low float, high float", self._areas()),
            ("spot", "area bigint, k int, latitude float, longitude float, cell bigint", self._spots()),
            ("route", "category text, area bigint, lead bigint, focal bigint", leads),
            ("due", "n int, category text, opened timestamptz, due timestamptz, minutes int", self._dues()),
            ("staff", "unit bigint, person bigint", [(unit, it.pk) for unit, it in self._officers.items()]),
        ]
        for name, columns, rows in tables:
            table = sql.Identifier(f"bench_{name}")
            database.execute(sql.SQL("CREATE TEMP TABLE {} ({})").format(table, sql.SQL(columns)))
            with database.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                for row in rows:
                    copy.write_row(row)
            database.execute(sql.SQL("ANALYZE {}").format(table))

    def _communes(self) -> list[Unit]:
        assert self._top.area_id
        return territory(self._top.area_id).communes

    def _day(self, n: int) -> date:
        """The n-th day; the last one is yesterday, so that today's numbers are free."""
        return self._today - timedelta(days=DAYS - n)

    def _days(self) -> list[tuple[Any, ...]]:
        days = [(n, self._day(n)) for n in range(DAYS)]
        return [(n, it, f"{it:%y%m%d}", int(numbers.luhn(f"{it:%y%m%d}0000")), DAYS - n) for n, it in days]

    def _areas(self) -> list[tuple[Any, ...]]:
        """The communes; a few hear much more than the others."""
        communes = self._communes()
        weights = [1 / (3 + place) for place in range(len(communes))]
        low, rows = 0.0, []
        for it, weight in zip(communes, weights, strict=True):
            rows.append((it.pk, it.code, low / sum(weights), (low + weight) / sum(weights)))
            low += weight
        return [*rows[:-1], (*rows[-1][:3], 1.0)]

    def _spots(self) -> Iterator[tuple[Any, ...]]:
        chance = random.Random(42)
        for it in self._communes():
            for k in range(SPOTS):
                latitude = (it.latitude or 0) + chance.gauss(0, 0.02)
                longitude = (it.longitude or 0) + chance.gauss(0, 0.02)
                cell = h3.str_to_int(h3.latlng_to_cell(latitude, longitude, CELL_RESOLUTION))
                yield it.pk, k, latitude, longitude, cell

    def _routes(self) -> list[tuple[Any, ...]]:
        routing, today = queries.routing_of("report"), timezone.localdate()
        assert routing
        rows = []
        for commune in self._communes():
            office = directory().office_of(commune, today)
            for category in SHARES:
                code = route(routing, TOP, category, office.code if office else None)
                lead = directory().unit(code or TOP, today)
                focal = focal_point(routing, TOP, category)
                rows.append((category, commune.pk, lead.pk, directory().unit(focal, today).pk if focal else lead.pk))
        return rows

    def _dues(self) -> Iterator[tuple[Any, ...]]:
        case_type = self._version.parsed
        calendar = queries.calendar_of(case_type)
        clock = case_type.main_clock
        limits = {name: case_type.limit(clock, name) if clock else 5 * WORKING_DAYS for name in SHARES}
        for n in range(DAYS):
            opened = datetime.combine(self._day(n), time(9), calendar.zone)
            for name, limit in limits.items():
                yield n, name, opened, calendar.add(opened, limit), calendar.minutes(limit)


def _parts() -> dict[str, str]:
    text = Path(__file__).with_name("filling.sql").read_text()
    pieces = re.split(r"^-- part: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


@contextmanager
def _without_indexes(database: psycopg.Connection, say: Any, *, when: bool) -> Iterator[None]:
    """Drop the indexes that no constraint needs, and build the same ones again afterwards."""
    definitions: list[tuple[str, str]] = []
    if when:
        definitions = database.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = ANY(%s::regclass[]) AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)"
            " AND indrelid <> 'measures_tally'::regclass",
            [list(FILLED)],
        ).fetchall()
    for name, _ in definitions:
        database.execute(f"DROP INDEX {name}".encode())
    yield
    for name, definition in definitions:
        say(f"index {name}")
        database.execute(definition.encode())
    database.commit()
