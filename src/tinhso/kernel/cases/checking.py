"""What a case type and its routing must satisfy beside the form of their files, before they are published.

These are checks of the catalogue only: a version that was published keeps its form, whatever is asked of later ones.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tinhso.kernel.cases.rules.numbers import number
from tinhso.kernel.cases.rules.routing import COMMUNE
from tinhso.kernel.catalogue import Finding, Place, Source
from tinhso.kernel.units.catalogue import OfficeEntry, above, overlap
from tinhso.kernel.worktime.rules import parse_plain_time, parse_working_time

if TYPE_CHECKING:
    from tinhso.kernel.cases.catalogue import ActionEntry, CaseType, ChoiceEntry, FieldEntry, RoutingEntry

LONGEST_NUMBER = 40
"""Signs of a case's number, with its serial number at nine digits."""
LONGEST_CHANNEL = 20
LAST_VERSION = 2_000_000_000
LONGEST_TIME = timedelta(days=100 * 365)
LONGEST_LIMIT = (2_000, 16_000 * 60)
"""Working days and working minutes, about eight years: calendars end in 2050, and so must every deadline."""
_EVENTS = {"opened", "merged"}
_KINDS = {
    "fields": {"category": "choice", "text": "text", "place": "point", "contact": "phone-or-email"},
    "inputs": {"outcome": "choice"},
}
"""Names that the code reads itself, with the kind that it counts on."""


def faults_of_type(
    source: Source, entry: "CaseType", calendars: set[str], choices: Mapping[str, "ChoiceEntry"]
) -> Iterator[Finding]:
    """Every fault of one case type; *choices* are those of the whole catalogue."""
    if entry.version > LAST_VERSION:
        yield source.finding(("version",), f"version: at most {LAST_VERSION:,}")
    if len(number(entry.number, date(2026, 12, 31), 999_999_999)) > LONGEST_NUMBER:
        yield source.finding(("number",), f"number: it can grow beyond {LONGEST_NUMBER} signs")
    if entry.calendar not in calendars:
        yield source.finding(("calendar",), f"calendar: there is no calendar named {entry.calendar}")
    for channel in entry.channels:
        if len(channel) > LONGEST_CHANNEL:
            reason = f"channels: {channel} is longer than {LONGEST_CHANNEL} signs"
            yield source.finding(("channels", channel), reason)
    for section, fields in (("fields", entry.fields), ("inputs", entry.inputs)):
        for name, field in fields.items():
            for reason in _faults_of_field(section, name, field, choices):
                yield source.finding((section, name), f"{section}.{name}: {reason}")
    yield from _faults_of_stages(source, entry)
    for name, action in entry.actions.items():
        for reason in _faults_of_action(entry, name, action):
            yield source.finding(("actions", name), f"actions.{name}: {reason}")
    yield from _faults_of_clocks(source, entry)
    yield from _faults_of_rating(source, entry)
    for event in entry.notices:
        if event not in _EVENTS and event not in entry.actions:
            yield source.finding(("notices", event), f"notices: {event} is neither opened, merged nor an action")
    if entry.retention:
        yield from _too_long(source, ("retention", "personal"), entry.retention.personal)


def _faults_of_field(
    section: str, name: str, field: "FieldEntry", choices: Mapping[str, "ChoiceEntry"]
) -> Iterator[str]:
    if field.choice and field.choice not in choices:
        yield f"there are no choices named {field.choice}"
    if section == "inputs" and field.point:
        yield "a place is asked for at the opening, not by an action"
    wanted = _KINDS[section].get(name)
    if wanted and field.kind != wanted:
        yield f"a field of this name is of the kind {wanted}"
    if field.phone_or_email and not field.personal:
        yield "a phone number or address is personal: true"
    if field.number and field.number[0] > field.number[1]:
        yield "the least number is above the greatest"


def _faults_of_stages(source: Source, entry: "CaseType") -> Iterator[Finding]:
    reached, ahead = set(), [entry.first_stage]
    while ahead:
        stage = ahead.pop()
        if stage in reached:
            continue
        reached.add(stage)
        ahead += [action.to for action in entry.actions.values() if action.to and stage in action.from_]
    for stage in entry.stages:
        if stage not in reached:
            yield source.finding(("stages", stage), f"stages.{stage}: no action leads here from {entry.first_stage}")
    if not any(stage.kind == "closed" for stage in entry.stages.values()):
        yield source.finding(("stages",), "stages: none is closed, so a case would never end")
    elif entry.stages[entry.first_stage].kind != "open":
        yield source.finding(("stages", entry.first_stage), "stages: the first must be open")


def _faults_of_action(entry: "CaseType", name: str, action: "ActionEntry") -> Iterator[str]:
    if not action.from_:
        yield "from names no stage, so it can never be done"
    for stage in [*action.from_, *([action.to] if action.to else [])]:
        if stage not in entry.stages:
            yield f"there is no stage {stage}"
    for wanted in [*action.needs, *action.may]:
        if wanted not in entry.inputs:
            yield f"there is no input {wanted}"
    for clock in action.clocks:
        if clock not in entry.clocks:
            yield f"there is no clock {clock}"
    if not action.by:
        yield "nobody may do it"
    if "raiser" in action.tells and name not in entry.notices:
        yield "it tells somebody, but notices names no text for it"
    if action.then == "route" and not any(entry.inputs[it].unit for it in action.may if it in entry.inputs):
        yield "routing on needs a unit among what may be given"
    if action.within and parse_plain_time(action.within) > LONGEST_TIME:
        yield f"within: {action.within} is longer than 100 years"


def _faults_of_clocks(source: Source, entry: "CaseType") -> Iterator[Finding]:
    for name, clock in entry.clocks.items():
        place = ("clocks", name)
        if not clock.until:
            yield source.finding(place, f"clocks.{name}: until names no stage, so it never ends")
        for stage in clock.until:
            if stage not in entry.stages:
                yield source.finding((*place, "until"), f"clocks.{name}: there is no stage {stage}")
        if not isinstance(clock.limit, str) and "category" not in entry.fields:
            yield source.finding(place, f"clocks.{name}: the limit goes by category, which is no field")
        limit = clock.limit if isinstance(clock.limit, str) else clock.limit.default
        yield from faults_of_limit(source, (*place, "limit"), limit)
    if sum(clock.main for clock in entry.clocks.values()) > 1:
        yield source.finding(("clocks",), "clocks: only one can be the main clock")
    if entry.escalation and not entry.clocks:
        yield source.finding(("escalation",), "escalation: there is no clock to escalate by")
    for i, step in enumerate(entry.escalation):
        if step.after:
            yield from faults_of_limit(source, ("escalation", i), step.after)


def faults_of_limit(source: Source, place: Place, limit: str) -> Iterator[Finding]:
    """A finding for a length of working time at *place* whose deadline could lie beyond the calendars."""
    length = parse_working_time(limit)
    if length.days > LONGEST_LIMIT[0] or length.minutes > LONGEST_LIMIT[1]:
        yield source.finding(place, f"{limit} is longer than 2,000 working days or 16,000 working hours")


def _faults_of_rating(source: Source, entry: "CaseType") -> Iterator[Finding]:
    rating = entry.rating
    if rating is None:
        return
    if rating.reopens and rating.reopens not in entry.actions:
        yield source.finding(("rating", "reopens"), f"rating: there is no action {rating.reopens}")
    if not rating.solved:
        yield source.finding(("rating", "solved"), "rating: solved names no answer")
    if rating.satisfied_from > rating.scale:
        reason = f"rating: satisfied-from is beyond the scale of {rating.scale}"
        yield source.finding(("rating", "satisfied-from"), reason)
    yield from _too_long(source, ("rating", "within"), rating.within)


def _too_long(source: Source, place: tuple[str, str], length: str) -> Iterator[Finding]:
    if parse_plain_time(length) > LONGEST_TIME:
        yield source.finding(place, f"{'.'.join(place)}: {length} is longer than 100 years")


def faults_of_routing(source: Source, entry: "RoutingEntry", types: Mapping[str, "CaseType"]) -> Iterator[Finding]:
    """Rules that no case of the type can meet."""
    if entry.routing not in types:
        yield source.finding(("routing",), f"routing: there is no sound case type named {entry.routing}")
        return
    known = types[entry.routing].categories
    for section in ("rules", "push_up"):
        for i, rule in enumerate(getattr(entry, section)):
            place = (section.replace("_", "-"), i)
            for category in rule.category:
                if category not in known:
                    yield source.finding((*place, "category"), f"routing: there is no category {category}")
            if rule.within not in entry.centre:
                yield source.finding((*place, "within"), f"routing: {rule.within} has no centre")


def stale_rules(
    source: Source, routing: "RoutingEntry", offices: Mapping[str, list[OfficeEntry]]
) -> Iterator[Finding]:
    """Rules and centres whose office does not exist, or never at the same time as their province is now (or was at
    its end); an earlier province of the same code does not count. A centre is an office of its province.
    """
    latest = {top: max(offices[top], key=lambda it: it.from_) for top in routing.centre if top in offices}
    for top, code in routing.centre.items():
        place: Place = ("centre", top)
        for named in (top, code):
            if named not in offices:
                yield source.finding(place, f"centre: there is no office {named}")
        if top in latest and code in offices:
            beside = [it for it in offices[code] if overlap(it, latest[top])]
            if not beside:
                yield source.finding(place, f"centre: {code} and the latest {top} were never in force together")
            elif not any(it.code == top for one in beside for it in (one, *above(offices, one))):
                yield source.finding(place, f"centre: {code} is no office of {top}")
    for section in ("rules", "push_up"):
        for i, rule in enumerate(getattr(routing, section)):
            place = (section.replace("_", "-"), i, "to")
            if rule.to == COMMUNE or rule.within not in latest:
                continue
            if rule.to not in offices:
                yield source.finding(place, f"routing: there is no office {rule.to}")
            elif not any(overlap(it, latest[rule.within]) for it in offices[rule.to]):
                reason = f"routing: {rule.to} and the latest {rule.within} were never in force together"
                yield source.finding(place, reason)
