"""What is refused before an operation of the machine interface is reached is a problem too."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from tinhso.shell.api.problems import MEDIA_TYPE, problem

KEPT_HEADERS = ("Allow", "Retry-After")


class Problems:
    """Turns any other error below `/api/`, such as a method that is not allowed, into a problem of RFC 9457."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith("/api/") or response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        if response.headers.get("Content-Type") == MEDIA_TYPE:
            return response
        status = HTTPStatus(response.status_code)
        kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        return problem(status, status.phrase.lower().replace(" ", "-"), status.phrase, headers=kept)
