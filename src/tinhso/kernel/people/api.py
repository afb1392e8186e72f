"""Who calls the machine interface."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from tinhso.kernel.people.models import Person
from tinhso.kernel.people.queries import person_of_token


class TokenAuth(HttpBearer):
    """A machine client's token; the request then acts as the token's person. Statements: one."""

    openapi_name = "token"

    def authenticate(self, request: HttpRequest, token: str) -> Person | None:
        return person_of_token(token)
