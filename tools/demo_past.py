"""Writes ``catalog/demo/binh-phuoc-2020.csv``: the reports of the first three weeks of an operations centre.

Run ``python tools/demo_past.py``. The same seed gives the same bytes. What the source states of Bình Phước is in
``SOURCE_FIGURES``: 400 reports, 66 % handled, 75 % of those who rated satisfied. Everything else (days,
places, texts, ways of handling) is made up to be plausible; the words come from ``demo_past.yaml``. The figures that
a board shows are not written anywhere: they come out when the rows are played through the case engine.

One row is one report. Times are local, with their offset. ``steps`` is a JSON list of what happened beside accepting,
the first closing and the rating: ``[{"at", "do", "by", "typed"}]``; ``by`` is a role in the lead unit at that moment,
or ``operator`` of the province's centre, or ``raiser``.
"""

import csv
import gzip
import io
import json
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from tinhso.kernel.worktime.catalogue import read_calendars
from tinhso.kernel.worktime.rules import Calendar, parse_working_time

PROJECT = Path(__file__).parent.parent
TARGET = PROJECT / "catalog/demo/binh-phuoc-2020.csv"
HEADER = PROJECT / "catalog/demo/binh-phuoc-2020.yaml"
WORDS = Path(__file__).with_suffix(".yaml")
AREAS = PROJECT / "src/tinhso/kernel/units/data/areas.jsonl.gz"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SEED = 2020

#: Reports; of them handled; raters; of them satisfied. 264/400 = 66 %, 96/128 = 75 %. The number of raters is ours.
SOURCE_FIGURES = (400, 264, 128, 96)
REOPENED, REOPENED_AND_OPEN = 14, 5
#: How many reports go each of the ways that differ from accept and close.
WAYS = {"refuse": 14, "ask": 26, "push-up": 13, "support": 10, "note": 9}
#: What a group of texts must say for its reports to go that way.
NEEDED_FOR = {"refuse": "elsewhere", "ask": "ask", "push-up": "above", "support": "above", "note": "done"}
RIGHT_OFFICE_UNKNOWN = 5
LATE_SHARE = 0.12
DAYS_OF_BACKLOG = 4.5
OPERATOR_SHARE = 0.07
BY_HOUR = [1, 0.5, 0.3, 0.3, 1.5, 6, 22, 45, 50, 50, 48, 40, 30, 34, 40, 42, 45, 50, 48, 55, 50, 32, 14, 4]
BY_WEEKDAY = [1.05, 1, 1, 1, 1, 0.75, 0.65]
#: Đồng Xoài was the pilot of the smart city, so most reports came from there.
BY_DISTRICT = {
    "688": 9, "689": 42, "690": 8, "691": 3, "692": 6, "693": 3, "694": 4, "695": 9, "696": 6, "697": 9, "698": 4,
}  # fmt: skip
WITH_THON = {"691", "696", "698"}
WARDS_JITTER, COMMUNES_JITTER = 0.004, 0.012  # degrees around the commune's point
BORDER = {
    "25222", "25225", "25273", "25276", "25279", "25280", "25285", "25294", "25305", "25309", "25310", "25312",
    "25315", "25318", "25321",
}  # fmt: skip
#: Names of 2020 where the areas carry those of their last day: Chơn Thành became a district-level town with wards on
#: 1 October 2022 (Resolution 570/NQ-UBTVQH15).
NAMES_THEN = {
    "25432": "Thị trấn Chơn Thành", "25433": "Xã Thành Tâm", "25441": "Xã Minh Hưng", "25444": "Xã Minh Long",
    "25447": "Xã Minh Thành",
}  # fmt: skip


@dataclass
class Report:
    """One report while it is being made up. Lengths of time are working minutes."""

    n: int
    opened: datetime
    category: str
    commune: dict[str, Any]
    group: dict[str, Any]
    text: str
    by: str
    limit: int
    steps: list[dict[str, Any]] = field(default_factory=list)
    accepted: datetime | None = None
    closed: datetime | None = None
    outcome: str = ""
    answer: str = ""
    solved: str = ""
    satisfaction: int | None = None
    comment: str = ""
    rated: datetime | None = None

    def step(self, at: datetime, do: str, by: str, **typed: Any) -> None:
        """Add something that happened."""
        self.steps.append({"at": at, "do": do, "by": by, "typed": typed})

    def until(self, end: datetime) -> None:
        """Forget what would have happened after *end*."""
        self.steps = [it for it in self.steps if it["at"] <= end]
        self.accepted = self.accepted if self.accepted and self.accepted <= end else None
        self.closed = self.closed if self.closed and self.closed <= end else None

    def row(self) -> dict[str, Any]:
        """As a row of the file."""
        steps = [{**it, "at": _text(it["at"])} for it in sorted(self.steps, key=lambda it: it["at"])]
        return {
            "n": self.n,
            "opened_at": _text(self.opened),
            "category": self.category,
            "commune": self.commune["code"],
            "lat": self.commune["lat"],
            "lon": self.commune["lon"],
            "channel": "mobile",
            "text": self.text,
            "accepted_at": _text(self.accepted),
            "handled_by": self.by,
            "steps": json.dumps(steps, ensure_ascii=False) if steps else "",
            "closed_at": _text(self.closed),
            "outcome": self.outcome if self.closed else "",
            "answer": self.answer if self.closed else "",
            "rated_at": _text(self.rated),
            "solved": self.solved,
            "satisfaction": self.satisfaction or "",
            "comment": self.comment,
        }


def _text(at: datetime | None) -> str:
    return at.astimezone(ZONE).isoformat(timespec="minutes") if at else ""


class Maker:
    """Makes the rows up, always the same ones."""

    def __init__(self) -> None:
        # Not for secrets: the same seed must give the same file.
        self.random = random.Random(SEED)
        self.words: dict[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
        header = yaml.safe_load(HEADER.read_text(encoding="utf-8"))
        self.first: date = header["from"]
        self.last: date = header["to"]
        self.calendar: Calendar = read_calendars(PROJECT / "catalog")["office"]
        self.end = datetime.combine(self.last, time(17), ZONE)
        self.midnight = datetime.combine(self.last, time(23, 59), ZONE)
        choices = yaml.safe_load((PROJECT / "catalog/choices/report-categories.yaml").read_text(encoding="utf-8"))
        self.limits = {
            it["code"]: self.calendar.minutes(parse_working_time(it.get("limit", "5 working days")))
            for it in choices["items"]
        }
        self.communes = self._communes()
        self.seen: set[str] = set()

    def _communes(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {code: [] for code in BY_DISTRICT}
        with gzip.open(AREAS, "rt", encoding="utf-8") as lines:
            for area in map(json.loads, lines):
                if area.get("kind") == "commune" and area.get("to") and area["parent"] in found:
                    found[area["parent"]].append(area | {"name": NAMES_THEN.get(area["code"], area["name"])})
        return found

    def make(self) -> list[Report]:
        """All reports in the order of their opening."""
        categories = [name for name, it in self.words["categories"].items() for _ in range(it["share"])]
        self.random.shuffle(categories)
        reports = [
            self._report(n, at, category)
            for n, (at, category) in enumerate(zip(self._openings(), categories, strict=True), 1)
        ]
        ways: dict[int, str] = {}
        for way, count in WAYS.items():
            fit = [it.n for it in reports if it.n not in ways and NEEDED_FOR[way] in it.group]
            ways |= dict.fromkeys(self.random.sample(fit, count), way)
        for report in reports:
            self._handle(report, ways.get(report.n, ""))
        self._finish(reports)
        return reports

    def _openings(self) -> list[datetime]:
        days = [self.first + timedelta(days=i) for i in range((self.last - self.first).days + 1)]
        # People learn of the application bit by bit in its first days.
        weights = [BY_WEEKDAY[day.weekday()] * min(1.1, 0.7 + 0.06 * i) for i, day in enumerate(days)]
        found = []
        while len(found) < SOURCE_FIGURES[0]:
            day = self.random.choices(days, weights)[0]
            hour = self.random.choices(range(24), BY_HOUR)[0]
            at = datetime.combine(day, time(hour, self.random.randrange(60)), ZONE)
            if at >= datetime.combine(self.first, time(8), ZONE):
                found.append(at)
        return sorted(found)

    def _report(self, n: int, at: datetime, category: str) -> Report:
        group, text, commune = self._wording(category)
        spread = COMMUNES_JITTER if commune["name"].startswith("Xã") else WARDS_JITTER
        place = commune | {
            name: round(commune[name] + self.random.uniform(-spread, spread), 5) for name in ("lat", "lon")
        }
        by = "operator" if self.random.random() < OPERATOR_SHARE else "officer"
        return Report(n, at, category, place, group, text, by, self.limits[category])

    def _wording(self, category: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
        """A text that no other report has, the group it is of, and where it happened."""
        templates = [(it, text) for it in self.words["categories"][category]["groups"] for text in it["texts"]]
        while True:
            group, template = self.random.choice(templates)
            district = self.random.choices(list(BY_DISTRICT), list(BY_DISTRICT.values()))[0]
            commune = self.random.choice(self.communes[district])
            if "giáp biên" in template and commune["code"] not in BORDER:
                continue
            town = not commune["name"].startswith("Xã")
            hamlet = "khu phố" if town else "thôn" if district in WITH_THON else "ấp"
            name = commune["name"][0].lower() + commune["name"][1:]
            text = template.format(
                st=self.random.choice(self.words["roads"][district]),
                pl=f"{hamlet} {self.random.randint(1, 8)}, {name}",
                near=self.random.choice(self.words["near"]),
                few=self.random.randint(3, 7),
                days=self.random.randint(3, 12),
            )
            text = re.sub(r"(^|[.?!] )(\w)", lambda match: match[1] + match[2].upper(), text)
            if text not in self.seen:
                self.seen.add(text)
                return group, text, commune

    def _handle(self, report: Report, way: str) -> None:
        """From the opening to the first closing, as far as it would go."""
        said = self.words["categories"][report.category]
        pick = self.random.choice
        at = report.opened
        if way:
            report.by = "officer"
        if way == "refuse":
            at = self._later(at, 30, 400)
            known = self.random.random() >= RIGHT_OFFICE_UNKNOWN / WAYS["refuse"]
            report.step(
                at, "refuse", "officer", reason=said["refuse"], **({"proper-unit": said["proper"]} if known else {})
            )
            if not known:
                at = self._later(at, 15, 120)
                report.step(at, "assign", "operator", lead=said["proper"])
        at = report.accepted = self.calendar.add(at, min(900, 8 + int(self.random.expovariate(1 / 105))))
        late = self.random.random() < LATE_SHARE
        share = self.random.uniform(1.05, 1.9) if late else 0.97 * self.random.betavariate(2.6, 2.2)
        closing = max(self.calendar.add(report.opened, int(report.limit * share)), self._later(at, 20, 90))
        if way == "ask":
            at = self._later(at, 10, 120)
            report.step(at, "ask", "officer", question=report.group["ask"][0])
            asked = at
            if self.random.random() < 0.75:
                at = asked + timedelta(minutes=self.random.randint(15, 2000))
                report.step(self._waking(at), "reply", "raiser", reply=report.group["ask"][1])
                at = self._waking(at)
            else:
                at = self._later(at, 960, 1400)
                report.step(at, "resume", "officer", reason=pick(self.words["resume"]))
            closing = self._later(max(at, closing), 60, 300)
        if way == "push-up":
            at = self._later(at, 60, 500)
            report.step(at, "push-up", "leader", reason=said["push"])
            at = self._later(at, 30, 240)
            report.step(at, "take", "officer")
            closing = self._later(max(at, closing), 60, 500)
        if way == "support":
            at = self._later(at, 15, 200)
            report.step(at, "assign", "leader", supporting=[said["proper"]])
            closing = max(closing, self._later(at, 60, 200))
        if way == "note":
            at = self._later(at, 10, 60)
            report.step(at, "comment", "officer", text=pick(self.words["notes"]))
            closing = max(closing, self._later(at, 60, 200))
        report.closed = closing

    def _later(self, at: datetime, least: int, most: int) -> datetime:
        return self.calendar.add(at, self.random.randint(least, most))

    def _waking(self, at: datetime) -> datetime:
        """*at*, or the next morning where it lies in the night: residents sleep."""
        local = at.astimezone(ZONE)
        if local.hour >= 22:
            local = datetime.combine(local.date() + timedelta(days=1), time(6), ZONE) + timedelta(
                minutes=local.minute
            )
        elif local.hour < 6:
            local = local.replace(hour=6)
        return local

    def _finish(self, reports: list[Report]) -> None:
        """Which are closed, rated and reopened by the end, in the numbers of the source."""
        _, handled, raters, satisfied = SOURCE_FIGURES
        for report in reports:
            report.until(self.end)
        closable = [it for it in reports if it.closed]
        early = [it for it in closable if it.closed and it.closed < self.end - timedelta(days=5) and not it.steps]
        reopened = self.random.sample(early, REOPENED)
        rest = [it for it in closable if it not in reopened]
        # The younger a report is, the sooner it is among those still open.
        rest.sort(key=lambda it: self.random.expovariate(math.exp((it.opened - self.end).days / DAYS_OF_BACKLOG)))
        kept = rest[-(handled - (REOPENED - REOPENED_AND_OPEN)) :]
        for report in [it for it in rest if it not in kept]:
            report.closed = None
        for report in [*kept, *reopened]:
            self._answer(report)
        for n, report in enumerate(reopened):
            self._reopen(report, stays_open=n < REOPENED_AND_OPEN, refused=n % 5 in {0, 3})
        in_time = [it for it in kept if it.closed and it.closed < self.end - timedelta(hours=20)]
        for n, report in enumerate(self.random.sample(in_time, raters - REOPENED)):
            self._rate(report, pleased=n < satisfied)

    def _answer(self, report: Report, outcome: str = "") -> None:
        """The answer of the closing, by the outcome (else a likely one)."""
        outcomes = ["solved"] * 76 + ["planned"] * 14 + ["explained"] * 6 + ["not-found"] * 4
        if "quốc lộ" in report.text.lower() and report.category == "road":
            outcomes += ["out-of-scope"] * 25
        report.outcome = outcome or self.random.choice(outcomes)
        if report.outcome == "planned" and "planned" not in report.group:
            report.outcome = "solved"
        pool = {"solved": report.group["done"], "planned": [report.group.get("planned")]}.get(report.outcome)
        template = self.random.choice(pool or self.words[report.outcome])
        report.answer = template.format(what=self.random.choice(self.words["what"]), few=self.random.randint(3, 7))

    def _rate(self, report: Report, *, pleased: bool) -> None:
        closed = report.closed or self.end
        report.solved = "yes"
        report.satisfaction = self.random.choice([4, 4, 4, 5, 5]) if pleased else self.random.choice([2, 3, 3])
        report.comment = self.random.choice(self.words["rated"]["satisfied" if pleased else "unsatisfied"])
        wait = timedelta(minutes=10 + int(self.random.expovariate(1 / 700)))
        report.rated = min(self._waking(closed + wait), self.midnight - timedelta(hours=self.random.randint(2, 5)))

    def _reopen(self, report: Report, *, stays_open: bool, refused: bool) -> None:
        closed = report.closed or self.end
        self._answer(report, "solved")
        report.solved = "no" if refused else "partly"
        report.satisfaction = self.random.choice([1, 2] if report.solved == "no" else [2, 3])
        report.comment = self.random.choice(self.words["rated"][report.solved])
        report.rated = self._waking(closed + timedelta(minutes=self.random.randint(60, 2500)))
        if not stays_open:
            again = self._later(report.rated, 120, 800)
            report.step(again, "close", "officer", outcome="solved", answer=self.random.choice(self.words["again"]))


def rows() -> Iterator[dict[str, Any]]:
    """The rows of the file."""
    return (report.row() for report in Maker().make())


def text() -> str:
    """The whole file."""
    made = list(rows())
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(made[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(made)
    return out.getvalue()


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"{TARGET}: {SOURCE_FIGURES[0]} reports")
