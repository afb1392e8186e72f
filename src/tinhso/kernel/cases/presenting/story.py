"""The history of a case as staff read it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from tinhso.kernel.cases.catalogue import CaseType, FieldEntry, FieldKind
from tinhso.kernel.cases.models import Case, Remark
from tinhso.kernel.cases.presenting.words import moment, said
from tinhso.kernel.journal.models import Event
from tinhso.kernel.people.models import Person
from tinhso.kernel.units.queries import UnknownUnitError, directory

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_KINDS: Mapping[str, tuple["str | _StrPromise", str]] = {
    "case.opened": (gettext_lazy("Opened"), "plus"),
    "case.assigned": (gettext_lazy("Assigned"), "user-check"),
    "case.pushed_up": (gettext_lazy("Pushed up"), "arrow-big-up-lines"),
    "case.merged": (gettext_lazy("Merged"), "git-merge"),
    "case.commented": (gettext_lazy("Note among colleagues"), "message"),
    "case.attached": (gettext_lazy("Files added"), "paperclip"),
    "case.redated": (gettext_lazy("New due date"), "calendar-due"),
    "case.rated": (gettext_lazy("Rated by the raiser"), "star"),
    "case.escalated": (gettext_lazy("Escalated"), "bell-ringing"),
    "case.erased": (gettext_lazy("Personal data were erased"), "eraser"),
}
_WORDS = {
    "reason": gettext_lazy("Reason"),
    "note": gettext_lazy("Note"),
    "comment": gettext_lazy("Comment"),
    "answer": gettext_lazy("Answer"),
    "question": gettext_lazy("Question"),
}
_SOLVED = {
    "yes": gettext_lazy("Solved"),
    "partly": gettext_lazy("Partly solved"),
    "no": gettext_lazy("Not solved"),
}


@dataclass(frozen=True)
class Saying:
    """Words that came with an event; `hidden` where the reader has no need to know them."""

    title: str
    text: str
    public: bool
    hidden: bool


@dataclass(frozen=True)
class Moment:
    """One event of the history."""

    at: datetime
    title: str
    icon: str
    who: str
    unit: str
    facts: Sequence[str] = field(default=())
    sayings: Sequence[Saying] = field(default=())


def moments(
    case: Case,
    case_type: CaseType,
    events: Sequence[Event],
    remarks: Mapping[int, Sequence[Remark]],
    people: Mapping[int, Person],
    *,
    confidential: bool,
) -> list[Moment]:
    """The *events* of *case* in words; *confidential* shows what was said in confidence and the raiser's name."""
    teller = _Teller(case, case_type, people, confidential)
    return [
        Moment(
            at=event.occurred_at,
            title=teller.title(event),
            icon=teller.icon(event),
            who=teller.who(event),
            unit=teller.unit(event),
            facts=list(teller.facts(event)),
            sayings=[teller.saying(remark) for remark in remarks.get(event.pk, ())],
        )
        for event in events
    ]


def shown_value(entry: FieldEntry, value: Any, case_type: CaseType, on: datetime | None = None) -> str:
    """A stored value of a field as people read it."""
    if entry.kind is FieldKind.CHOICE:
        item = case_type.items(entry).get(str(value))
        return said(item.title) if item else str(value)
    if entry.kind is FieldKind.UNIT:
        try:
            return directory().unit(str(value), timezone.localdate(on)).title
        except UnknownUnitError:
            return str(value)
    if entry.kind is FieldKind.DATE:
        parsed = parse_date(str(value))
        return date_format(parsed, pgettext("date format", "j M Y")) if parsed else str(value)
    if entry.kind is FieldKind.FLAG:
        return _("yes") if value else _("no")
    return str(value)


def _unit(key: Any) -> str:
    found = directory().by_key.get(key)
    return found.title if found else ""


def _instant(text: Any) -> str:
    found = parse_datetime(str(text)) if text else None
    return moment(found) if found else ""


@dataclass(frozen=True)
class _Teller:
    case: Case
    type: CaseType
    people: Mapping[int, Person]
    confidential: bool

    def title(self, event: Event) -> str:
        if event.data.get("activity"):  # of an imported history, in the words of its log
            return str(event.data["activity"])
        if event.kind == "case.acted":
            action = self.type.actions.get(str(event.data.get("action")))
            return said(action.title) if action else str(event.data.get("action", ""))
        if event.kind == "case.assigned" and event.actor_id and event.data.get("handler") == event.actor_id:
            return _("Taken on")
        return str(_KINDS.get(event.kind, (event.kind, ""))[0])

    def icon(self, event: Event) -> str:
        if event.kind == "case.acted":
            kind = event.data.get("kind")
            return {"closed": "circle-check", "waiting": "player-pause"}.get(str(kind), "progress-check")
        return _KINDS.get(event.kind, ("", "point"))[1]

    def who(self, event: Event) -> str:
        if event.data.get("resource"):
            return str(event.data["resource"])
        if event.actor_id is None:
            by_raiser = event.kind in {"case.opened", "case.rated"} or self._is_the_raisers(event)
            return _("The raiser") if by_raiser else _("The system")
        name = self._name(event.actor_id)
        if event.acting_for_id:
            return _("%(name)s for %(other)s") % {"name": name, "other": self._name(event.acting_for_id)}
        return name

    def unit(self, event: Event) -> str:
        """The office that had the case when a member of staff did this, where the facts do not tell it anyway."""
        if event.kind in {"case.opened", "case.assigned", "case.pushed_up", "case.escalated"}:
            return ""
        by_staff = event.actor_id not in {None, self.case.raiser_id} and not self._is_the_raisers(event)
        return _unit(event.data.get("refused_by") or event.unit_id) if by_staff else ""

    def _is_the_raisers(self, event: Event) -> bool:
        action = self.type.actions.get(str(event.data.get("action")))
        return action is not None and list(action.by) == ["raiser"]

    def _name(self, key: int) -> str:
        if key == self.case.raiser_id and not self.confidential:
            return _("The raiser")
        return str(self.people.get(key) or _("Somebody whose account is gone"))

    def saying(self, remark: Remark) -> Saying:
        entry = self.type.inputs.get(remark.name)
        title = said(entry.title) if entry else str(_WORDS.get(remark.name, remark.name))
        hidden = remark.personal and not self.confidential
        return Saying(title, "" if hidden else remark.text, remark.public, hidden)

    def facts(self, event: Event) -> Iterator[str]:
        data = event.data
        match event.kind:
            case "case.opened":
                yield _("Given to %(unit)s") % {"unit": _unit(event.unit_id)}
            case "case.acted":
                yield from self._facts_of_action(event)
            case "case.assigned":
                yield from self._facts_of_assignment(event)
            case "case.pushed_up":
                yield _("From %(below)s to %(above)s") % {
                    "below": _unit(data.get("from_unit")),
                    "above": _unit(data.get("unit")),
                }
            case "case.escalated":
                yield from self._facts_of_escalation(event)
            case "case.merged":
                yield _("Goes on as %(number)s") % {"number": data.get("into_number", "")}
            case "case.attached":
                count = len(data.get("files", ()))
                yield ngettext("%(count)d file", "%(count)d files", count) % {"count": count}
            case "case.redated":
                yield _("From %(old)s to %(new)s") % {
                    "old": _instant(data.get("was")) or "–",
                    "new": _instant(data.get("due")) or "–",
                }
                if data.get("why"):
                    yield str(data["why"])
            case "case.rated":
                yield str(_SOLVED.get(str(data.get("solved")), data.get("solved", "")))
                if data.get("satisfaction") is not None:
                    most = self.type.rating.scale if self.type.rating else 0
                    yield _("Satisfied: %(given)s of %(most)s") % {"given": data["satisfaction"], "most": most}

    def _facts_of_action(self, event: Event) -> Iterator[str]:
        data = event.data
        to = self.type.stages.get(str(data.get("to")))
        if to and data.get("to") != data.get("from"):
            yield _("Stage: %(stage)s") % {"stage": said(to.title)}
        for name, entry in self.type.inputs.items():
            if name in data and entry.kind is not FieldKind.TEXT:
                shown = shown_value(entry, data[name], self.type, event.occurred_at)
                yield f"{said(entry.title)}: {shown}"
        if "refused_by" in data:
            yield _("From %(below)s to %(above)s") % {
                "below": _unit(data["refused_by"]),
                "above": _unit(data.get("unit")),
            }
        if data.get("photos"):
            yield ngettext("%(count)d file", "%(count)d files", data["photos"]) % {"count": data["photos"]}

    def _facts_of_escalation(self, event: Event) -> Iterator[str]:
        data = event.data
        if "from_unit" in data:
            yield _("From %(below)s to %(above)s") % {
                "below": _unit(data["from_unit"]),
                "above": _unit(data.get("unit")),
            }
        elif data.get("told_unit"):
            count = int(data.get("told", 0))
            told = ngettext("%(count)d leader of %(unit)s", "%(count)d leaders of %(unit)s", count)
            yield told % {"count": count, "unit": _unit(data["told_unit"])}

    def _facts_of_assignment(self, event: Event) -> Iterator[str]:
        data = event.data
        yield _("Lead unit: %(unit)s") % {"unit": _unit(data.get("unit"))}
        if data.get("handler") and data["handler"] != event.actor_id:
            yield _("Handler: %(name)s") % {"name": self._name(data["handler"])}
        names = [name for key in data.get("supporting", ()) if (name := _unit(key))]
        if names:
            yield _("Supporting: %(units)s") % {"units": ", ".join(names)}
