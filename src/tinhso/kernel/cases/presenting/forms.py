"""The forms of the desk: one for each action of a type, one for each thing that every case allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from tinhso.kernel.cases.actions.handling import LONGEST_REASON
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.presenting.asking import Asked, Control, Option, asked_of, offices_around, unit_options
from tinhso.kernel.cases.presenting.doings import STEPS, Bearing, Step, icon_of_action
from tinhso.kernel.cases.presenting.words import said
from tinhso.kernel.people.models import Person
from tinhso.kernel.units.queries import directory

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise

MOMENT_FORMAT = "%Y-%m-%dT%H:%M"
"""How a browser's field for date and time gives and takes its value, in the installation's time."""


@dataclass(frozen=True)
class Form:
    """One form: what it is for, what it asks, whether files can come with it."""

    title: "Sentence"
    icon: str
    asked: Sequence[Asked] = ()
    note: "Sentence" = ""
    files: bool = False
    files_title: "Sentence" = ""
    files_error: "Sentence" = ""
    kept: Sequence[str] = ()
    """Keys of files that were uploaded with an attempt that was refused."""

    def typed(self, post: QueryDict, kept: Sequence[str]) -> "Form":
        """The same form with what was typed into it."""
        return replace(self, asked=[it.typed(post) for it in self.asked], kept=kept)

    def faulted(self, errors: Mapping[str, "Sentence"]) -> "Form":
        """The same form with what is wrong beside each field."""
        return replace(
            self, asked=[it.faulted(errors) for it in self.asked], files_error=errors.get("files", self.files_error)
        )

    def unplaced(self, errors: Mapping[str, "Sentence"]) -> list["Sentence"]:
        """Errors that belong to no field of this form."""
        placed = {it.name for it in self.asked} | {"files"}
        return [error for name, error in errors.items() if name not in placed]


def form_of_action(bearing: Bearing, name: str) -> Form:
    """The form of the action *name* of the case's type."""
    case_type = bearing.type
    action = case_type.actions[name]
    entries = [(it, case_type.inputs[it], case_type.inputs[it].required) for it in action.needs]
    entries += [(it, case_type.inputs[it], False) for it in action.may]
    telling = bool(action.tells) and bool(bearing.case.personal.get("contact") or bearing.case.raiser_id)
    return Form(
        title=said(action.title),
        icon=icon_of_action(action, case_type),
        asked=asked_of(entries, bearing.case, case_type, bearing.at),
        note=_("The raiser gets a message about it.") if telling else "",
        files=bool(entries),
        files_title=_("Photos or PDF, if you have any"),
    )


def form_of_step(bearing: Bearing, step: Step, colleagues: Sequence[Person]) -> Form:
    """The form of *step*; *colleagues* of the lead unit can become the handler."""
    title, icon = STEPS[step]
    build = {
        Step.ASSIGN: lambda: Form(title, icon, _assignment(bearing, colleagues)),
        Step.PUSH_UP: lambda: Form(title, icon, [_text("reason", _("Reason"), public=True)], _push_up_note(bearing)),
        Step.MERGE: lambda: Form(
            title, icon, [_merge_field()], _("This case is closed and goes on in the other one.")
        ),
        Step.REDATE: lambda: Form(
            title, icon, _redating(bearing), _("The first due date stays on record whatever you choose.")
        ),
        Step.COMMENT: lambda: Form(
            title, icon, [_text("note", _("Note"))], _("Only colleagues who work on the case read it.")
        ),
        Step.ATTACH: lambda: Form(title, icon, files=True, files_title=_("Photos or PDF")),
        Step.TAKE: lambda: Form(title, icon, note=_("You become the handler of this case.")),
    }
    return build[step]()


def _text(name: str, title: str, *, public: bool = False) -> Asked:
    return Asked(name, title, Control.TEXT, required=True, most=str(LONGEST_REASON), public=public)


def _merge_field() -> Asked:
    return Asked(
        "into",
        _("Number of the case that goes on"),
        Control.LINE,
        required=True,
        hint=_("Its number stands on top of its page and in every list."),
        most="40",
    )


def _push_up_note(bearing: Bearing) -> str:
    above = bearing.above()
    if above is None:
        return ""
    return _("It goes to %(unit)s. Your unit keeps following it and sees the answer.") % {"unit": above.title}


def _redating(bearing: Bearing) -> list[Asked]:
    due = bearing.case.due_at
    return [
        Asked(
            "due",
            _("New due date"),
            Control.MOMENT,
            required=True,
            least=timezone.localtime(bearing.at).strftime(MOMENT_FORMAT),
            value=timezone.localtime(due).strftime(MOMENT_FORMAT) if due else "",
        ),
        _text("reason", _("Reason"), public=True),
    ]


def _assignment(bearing: Bearing, colleagues: Sequence[Person]) -> list[Asked]:
    case = bearing.case
    offices = offices_around(case, bearing.at)
    supporting = [it for it in offices if it.pk in case.supporting]
    others = [it for it in offices if it.pk != case.lead_id and it.pk not in case.supporting]
    asked = [
        Asked(
            "lead",
            _("Lead unit"),
            Control.UNIT,
            required=True,
            hint=_("A new lead unit chooses the handler itself."),
            options=unit_options(offices),
            value=case.lead.code,
            was=[case.lead.code],
        ),
        Asked(
            "handler",
            _("Handler"),
            Control.CHOICE,
            hint="" if colleagues else _("Nobody has a role in the lead unit yet."),
            options=[Option(str(it.pk), str(it)) for it in colleagues],
            value=str(case.handler_id or ""),
            was=[str(case.handler_id or "")],
        ),
    ]
    if supporting:
        asked.append(
            Asked(
                "supporting",
                _("Supporting units"),
                Control.UNITS,
                hint=_("Take the tick away from a unit that is no longer needed."),
                options=unit_options(supporting),
                values=[it.code for it in supporting],
                was=[it.code for it in supporting],
            )
        )
    asked.append(Asked("support", _("Add a supporting unit"), Control.UNIT, options=unit_options(others)))
    return asked


@dataclass(frozen=True)
class Assignment:
    """What the form of an assignment asks to change; what is None stays."""

    lead: str | None
    handler: str | None
    supporting: list[str] | None


def read_assignment(case: Case, post: QueryDict) -> Assignment:
    """What was chosen, against how the case was when the form was made: what others set meanwhile is left alone."""

    def chosen(name: str) -> str | None:
        value = post.get(name, "")
        return value if value and value != post.get(f"was-{name}") else None

    taken_away = set(post.getlist("was-supporting")) - set(post.getlist("supporting"))
    added = [code for code in post.getlist("support")[:1] if code]
    known = directory().by_key
    now = [known[key].code for key in case.supporting if key in known]
    lead = chosen("lead")
    return Assignment(
        lead=lead,
        handler=None if lead else chosen("handler"),  # the new lead unit has people of its own
        supporting=[code for code in now if code not in taken_away] + added if taken_away or added else None,
    )
