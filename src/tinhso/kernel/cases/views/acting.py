"""Forms by which something is done with a case: shown, carried out, and given back with everything typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tinhso.kernel.cases import actions
from tinhso.kernel.cases.actions.opening import command_key
from tinhso.kernel.cases.actions.writing import ConflictError, HiddenError
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.presenting.asking import typed_inputs
from tinhso.kernel.cases.presenting.doings import Bearing, Step
from tinhso.kernel.cases.presenting.forms import MOMENT_FORMAT, Form, form_of_action, form_of_step, read_assignment
from tinhso.kernel.cases.presenting.lists import category_of, icon_of, stage_of
from tinhso.kernel.cases.presenting.story import moments
from tinhso.kernel.cases.presenting.words import REFUSALS, said
from tinhso.kernel.cases.queries.page import colleagues_in, events_of, may_act, people_of, words_of
from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.cases.rules.workflow import Refusal, RefusedError
from tinhso.kernel.cases.views.access import desk, find
from tinhso.kernel.files.actions import store_upload
from tinhso.kernel.files.rules import UploadRefusedError
from tinhso.kernel.journal.actions import CommandRepeatedError
from tinhso.kernel.people.models import Person
from tinhso.kernel.worktime.rules import FIRST_DAY, LAST_DAY

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise

MOST_FILES = 10
REFUSED, UNFIT, CHANGED = 409, 422, 409


@dataclass(frozen=True)
class Command:
    """What came with a form beside its fields."""

    post: QueryDict
    actor: Actor
    seen: int | None
    key: str
    files: Sequence[UUID]


@dataclass(frozen=True)
class Doable:
    """One thing to be done: its form, why it would be refused, and how it is carried out."""

    form: Callable[[Bearing], Form]
    refusal: Callable[[Bearing], Refusal | None]
    run: Callable[[Case, Command], Case]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@desk
def act(request: HttpRequest, person: Person, number: str, action: str) -> HttpResponse:
    """Show the form of an action of the case's type, or carry it out."""
    found = find(person, number)
    bearing = Bearing.of(found, person.scope, timezone.now())
    if action not in bearing.type.actions:
        raise Http404
    entry = bearing.type.actions[action]

    def run(case: Case, command: Command) -> Case:
        typed = typed_inputs(bearing.type, [*entry.needs, *entry.may], command.post)
        return actions.act(
            case.pk,
            action,
            typed,
            actor=command.actor,
            seen_version=command.seen,
            command_key=command.key,
            photos=command.files,
        )

    doable = Doable(lambda it: form_of_action(it, action), lambda it: it.refusal_of(action), run)
    return _answer(request, person, bearing, doable)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@desk
def handle(request: HttpRequest, person: Person, number: str, step: str) -> HttpResponse:
    """Show the form of what every case allows, or carry it out."""
    if step not in set(Step):
        raise Http404
    wanted = Step(step)

    def form(bearing: Bearing) -> Form:
        colleagues = colleagues_in(bearing.case.lead_id, bearing.at) if wanted is Step.ASSIGN else []
        return form_of_step(bearing, wanted, colleagues)

    bearing = Bearing.of(find(person, number), person.scope, timezone.now())
    doable = Doable(form, lambda it: it.refusal_of_step(wanted), _RUNS[wanted])
    return _answer(request, person, bearing, doable)


def _answer(request: HttpRequest, person: Person, bearing: Bearing, doable: Doable) -> HttpResponse:
    page = _FormPage(request, person, doable)
    if request.method != "POST":
        refusal = doable.refusal(bearing)
        return page.show(bearing, refusal=refusal, status=REFUSED if refusal else 200)
    kept = _kept(request.POST)
    try:
        kept += _uploaded(request, person)
        command = Command(
            post=request.POST,
            actor=Actor(person.scope),
            seen=_whole(request.POST.get("seen")),
            key=command_key(f"desk:{person.pk}", request.POST.get("key") or str(uuid4())),
            files=kept,
        )
        doable.run(bearing.case, command)
    except CommandRepeatedError:
        pass  # pressed twice: the first press did it
    except UploadRefusedError as error:
        return page.show(bearing, kept=kept, errors={"files": error.message}, status=UNFIT)
    except InvalidInputError as error:
        return page.show(bearing, kept=kept, errors=error.errors, status=UNFIT)
    except RefusedError as error:
        return page.show(bearing, kept=kept, refusal=error.reason, status=REFUSED)
    except ConflictError:
        fresh = Bearing.of(find(person, bearing.case.number), person.scope, bearing.at)
        return page.show(fresh, kept=kept, refusal=doable.refusal(fresh), changed=True, status=CHANGED)
    except HiddenError as error:
        raise Http404 from error
    return _done(request, person, bearing.case, doable.form(bearing))


def _done(request: HttpRequest, person: Person, case: Case, form: Form) -> HttpResponse:
    messages.success(request, _("%(number)s: “%(action)s” is done.") % {"number": case.number, "action": form.title})
    seen_still = Case.objects.visible_to(person.scope).filter(pk=case.pk).exists()
    goal = reverse("desk:case", args=[case.number]) if seen_still else reverse("desk:inbox")
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": goal})
    return HttpResponseRedirect(goal, status=303)


@dataclass(frozen=True)
class _FormPage:
    """The page, or the part in a dialog, that shows a form."""

    request: HttpRequest
    person: Person
    doable: Doable

    def show(
        self,
        bearing: Bearing,
        *,
        kept: Sequence[UUID] = (),
        errors: Mapping[str, "Sentence"] | None = None,
        refusal: Refusal | None = None,
        changed: bool = False,
        status: int,
    ) -> HttpResponse:
        """The form with what was typed, what is wrong with it, and what others did to the case meanwhile."""
        case, case_type, post = bearing.case, bearing.type, self.request.POST
        form = self.doable.form(bearing)
        if self.request.method == "POST":
            form = form.typed(post, [str(it) for it in kept]).faulted(errors or {})
        # After a mere mistake the form still stands for the case as it was seen; only the changes shown renew that.
        seen, seen_event = (None, None) if changed else (_whole(post.get("seen")), _whole(post.get("seen_event")))
        context = {
            "nav": "inbox",
            "case": case,
            "type": said(case_type.title),
            "title": category_of(case, case_type),
            "icon": icon_of(case, case_type),
            "stage": stage_of(case, case_type),
            "form": form,
            "errors": form.unplaced(errors or {}),
            "refusal": REFUSALS[refusal] if refusal else "",
            "changed": changed,
            "changes": _changes(case, post, confidential=may_act(case, self.person.scope)) if changed else [],
            "key": post.get("key") or uuid4(),
            "seen": case.version if seen is None else seen,
            "seen_event": getattr(case, "last_event", None) or 0 if seen_event is None else seen_event,
        }
        part = "HX-Request" in self.request.headers
        return render(self.request, "desk/form.html" if part else "desk/act.html", context, status=status)


def _changes(case: Case, post: QueryDict, *, confidential: bool) -> Sequence[object]:
    """What happened to *case* after the event that the form was made at."""
    events = events_of(case, after=_whole(post.get("seen_event")) or 0)
    named = {key for it in events for key in (it.actor_id, it.acting_for_id, it.data.get("handler")) if key}
    people = people_of(named)
    return moments(case, case.type_version.parsed, events, words_of(case, events), people, confidential=confidential)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def _kept(post: QueryDict) -> list[UUID]:
    """Files that came with an earlier attempt; what is no key is nobody's file and left out."""
    keys = []
    for text in post.getlist("kept")[:MOST_FILES]:
        try:
            keys.append(UUID(text))
        except ValueError:
            continue
    return keys


def _uploaded(request: HttpRequest, person: Person) -> list[UUID]:
    files = request.FILES.getlist("files")
    if len(files) > MOST_FILES:
        raise UploadRefusedError(_("At most %(most)d files fit. Leave some out.") % {"most": MOST_FILES})
    return [store_upload(it.read(), it.name or "", by=person).pk for it in files]


def _take(case: Case, command: Command) -> Case:
    return actions.take(case.pk, actor=command.actor, seen_version=command.seen, command_key=command.key)


def _assign(case: Case, command: Command) -> Case:
    wish = read_assignment(case, command.post)
    return actions.assign(
        case.pk,
        actor=command.actor,
        lead=wish.lead,
        handler=_whole(wish.handler),
        supporting=wish.supporting,
        seen_version=command.seen,
        command_key=command.key,
    )


def _push_up(case: Case, command: Command) -> Case:
    return actions.push_up(
        case.pk,
        command.post.get("reason", ""),
        actor=command.actor,
        seen_version=command.seen,
        command_key=command.key,
    )


def _merge(case: Case, command: Command) -> Case:
    number = command.post.get("into", "").strip().replace("\x00", "")
    into = Case.objects.visible_to(command.actor.scope).filter(number__iexact=number).values_list("pk", flat=True)
    target = into.first() if number else None
    if target is None:
        raise InvalidInputError({"into": _("No case that you may see has this number. Check it and type it again.")})
    return actions.merge(case.pk, target, actor=command.actor, seen_version=command.seen, command_key=command.key)


def _redate(case: Case, command: Command) -> Case:
    try:
        due = timezone.make_aware(datetime.strptime(command.post.get("due", ""), MOMENT_FORMAT))
    except (ValueError, OverflowError) as error:
        raise InvalidInputError({"due": _("Choose a day and a time.")}) from error
    if not FIRST_DAY < due.date() < LAST_DAY:
        raise InvalidInputError(
            {"due": _("Working calendars reach to %(year)d. Choose an earlier day.") % {"year": LAST_DAY.year}}
        )
    return actions.redate(
        case.pk,
        due,
        command.post.get("reason", ""),
        actor=command.actor,
        seen_version=command.seen,
        command_key=command.key,
    )


def _comment(case: Case, command: Command) -> Case:
    return actions.comment(case.pk, command.post.get("note", ""), actor=command.actor, command_key=command.key)


def _attach(case: Case, command: Command) -> Case:
    if not command.files:
        raise UploadRefusedError(_("Choose at least one file."))
    return actions.attach(case.pk, command.files, actor=command.actor, command_key=command.key)


_RUNS: Mapping[Step, Callable[[Case, Command], Case]] = {
    Step.TAKE: _take,
    Step.ASSIGN: _assign,
    Step.PUSH_UP: _push_up,
    Step.MERGE: _merge,
    Step.REDATE: _redate,
    Step.COMMENT: _comment,
    Step.ATTACH: _attach,
}
