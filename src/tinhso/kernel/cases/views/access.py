"""Who may come to the desk."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.queries.page import visible_case
from tinhso.kernel.people.models import Person

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def desk(view: "Callable[Concatenate[HttpRequest, Person, P], HttpResponseBase]") -> View[P]:
    """Give *view* the member of staff who asks: strangers sign in first, others read what to do instead."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        person = request.user
        if not isinstance(person, Person):
            answer = redirect_to_login(request.get_full_path())
            if "HX-Request" in request.headers:  # the whole page must go there, not the part that was asked for
                return HttpResponse(status=204, headers={"HX-Redirect": answer.url})
            return answer
        if not person.scope.is_staff:
            return render(request, "desk/no_role.html", {"person": person}, status=403)
        return view(request, person, *args, **kwargs)

    return guarded


def find(person: Person, number: str) -> Case:
    """The case with *number*. Raises Http404 where there is none that the person may see: the same for both."""
    case = visible_case(person.scope, number)
    if case is None:
        raise Http404
    return case
