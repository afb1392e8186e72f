"""The actions of a type, and the raiser's word."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from tinhso.kernel.cases.actions.routing import route_on
from tinhso.kernel.cases.actions.writing import Writing, writing
from tinhso.kernel.cases.catalogue import ActionEntry, FieldKind
from tinhso.kernel.cases.models import Case, StageKind
from tinhso.kernel.cases.notifying import FOLLOWERS_TEXT, desk_messages, raiser_messages
from tinhso.kernel.cases.queries import course_of
from tinhso.kernel.cases.rules import workflow
from tinhso.kernel.cases.rules.inputs import InvalidInputError, check, plain_text
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.cases.rules.workflow import Refusal, RefusedError
from tinhso.kernel.files.actions import attach_to
from tinhso.kernel.people.rules import Role

LONGEST_COMMENT = 1_000


def act(
    key: int,
    action: str,
    typed: Mapping[str, Any],
    *,
    actor: Actor,
    seen_version: int | None = None,
    at: datetime | None = None,
    command_key: str | None = None,
    photos: Sequence[UUID] = (),
) -> Case:
    """Carry out one action of the case's type.

    Raises HiddenError, RefusedError, InvalidInputError, ConflictError, CommandRepeatedError.
    """
    with writing(key, actor, seen_version=seen_version, at=at, command_key=command_key) as change:
        _carry_out(change, action, typed, command_key=command_key, photos=photos)
    return change.case


def _carry_out(
    change: Writing,
    name: str,
    typed: Mapping[str, Any],
    *,
    command_key: str | None = None,
    photos: Sequence[UUID] = (),
) -> None:
    reason = workflow.refusal(change.type, name, course_of(change.case), change.standing, change.actor, change.at)
    if reason:
        raise RefusedError(reason)
    entry = change.type.actions[name]
    asked = {it: change.type.inputs[it] for it in entry.needs}
    asked |= {it: change.type.inputs[it].model_copy(update={"required": False}) for it in entry.may}
    values = check(asked, typed, change.type)
    data: dict[str, Any] = {"action": name, "from": change.case.stage}
    words: dict[str, str] = {}
    for it, value in values.items():
        field = asked[it]
        if field.kind is FieldKind.TEXT:
            words |= change.words(it, value, public=bool(field.public), personal=field.personal)
        else:
            data[it] = value
    if "outcome" in values:
        change.set(outcome=values["outcome"])
    if entry.takes and change.actor.person is not None:
        change.set(handler_id=change.actor.person)
    if entry.then == "route":
        route_on(change, values, data)
    _move(change, entry, data)
    if photos:
        attach_to(photos, "case", change.case.pk, None, public=False)
        data["photos"] = len(photos)
    change.happened("case.acted", data | ({"words": words} if words else {}), command_key=command_key)
    if "raiser" in entry.tells:
        said = {remark.name: remark.text for remark in change.remarks}
        change.messages += raiser_messages(change.case, change.type, name, said)
    if "followers" in entry.tells:
        for unit in change.case.following:
            change.messages += desk_messages(change.case, FOLLOWERS_TEXT, unit, Role.LEADER)
            change.messages += desk_messages(change.case, FOLLOWERS_TEXT, unit, Role.OFFICER)


def _move(change: Writing, entry: ActionEntry, data: dict[str, Any]) -> None:
    """Take the case to the action's stage, with its clocks and the times that figures are made of."""
    case, to = change.case, entry.to or change.case.stage
    was_closed = case.stage_kind == StageKind.CLOSED
    kind: str = change.type.stages[to].kind
    clocks = workflow.moved_clocks(
        change.type, change.clocks(), change.calendar, to, change.at, frozenset(entry.clocks)
    )
    change.set(stage=to, stage_kind=kind)
    data |= {"to": to, "kind": kind}
    if case.answered_at is None and not change.actor.raised(change.standing):
        change.set(answered_at=change.at)
        data["answered_after"] = change.calendar.between(case.opened_at, change.at)
    if kind == StageKind.CLOSED and not was_closed:
        change.set(closed_at=change.at)
        data["closed_after"] = change.calendar.between(case.opened_at, change.at)
    if was_closed and kind != StageKind.CLOSED:
        change.set(closed_at=None, reopened=case.reopened + 1, outcome="", alarms_done=0)
        data["reopened"] = case.reopened
    change.set_clocks(clocks)


def rate(
    key: int,
    *,
    actor: Actor,
    solved: str,
    satisfaction: int | None = None,
    comment: str = "",
    at: datetime | None = None,
    command_key: str | None = None,
) -> Case:
    """The raiser says whether it is solved, and how satisfied it is from 1 to the type's scale.

    Any answer but `yes` needs a comment and reopens the case where the type lets it and it was not reopened yet.
    Raises HiddenError, RefusedError, InvalidInputError, CommandRepeatedError.
    """
    with writing(key, actor, at=at, command_key=command_key) as change:
        rating = change.type.rating
        if not actor.raised(change.standing):
            raise RefusedError(Refusal.NOT_YOURS)
        if rating is None or not workflow.may_rate(change.type, course_of(change.case), change.at):
            raise RefusedError(Refusal.NOT_RATEABLE)
        comment = plain_text(comment)
        _check_rating(solved, satisfaction, comment, rating.solved, rating.scale)
        change.set(solved=solved, satisfaction=satisfaction, rated_at=change.at)
        data: dict[str, Any] = {"solved": solved, "satisfaction": satisfaction}
        if satisfaction is not None:
            data["satisfied"] = satisfaction >= rating.satisfied_from
        if comment:
            data["words"] = change.words("comment", comment, public=False, personal=True)
        change.happened("case.rated", data, command_key=command_key)
        if solved != "yes" and rating.reopens:
            allowed = workflow.refusal(
                change.type, rating.reopens, course_of(change.case), change.standing, actor, change.at
            )
            if allowed is None:
                moved: dict[str, Any] = {"action": rating.reopens, "from": change.case.stage}
                _move(change, change.type.actions[rating.reopens], moved)
                change.happened("case.acted", moved)
    return change.case


def _check_rating(solved: str, satisfaction: int | None, comment: str, answers: Sequence[str], scale: int) -> None:
    errors = {}
    if solved not in answers:
        errors["solved"] = _("Say whether it is solved: yes, partly or no.")
    if satisfaction is not None and not 1 <= satisfaction <= scale:
        errors["satisfaction"] = _("Choose from 1 to %(most)d.") % {"most": scale}
    if len(comment) > LONGEST_COMMENT:
        errors["comment"] = _("At most %(most)d characters fit. Shorten it.") % {"most": LONGEST_COMMENT}
    if solved != "yes" and not comment:
        errors["comment"] = _("Say what is still missing, so that the office knows what to do.")
    if errors:
        raise InvalidInputError(errors)
