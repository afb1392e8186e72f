"""What happens to every request around its page: safety headers, whose it is, the body's limit, the language."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers

from tinhso.shell.web.views import too_large

Next = Callable[[HttpRequest], HttpResponse]
MOST_DIGITS = 15


def content_policy(tiles: str) -> str:
    """The Content-Security-Policy: everything from here, nothing inline; pictures and map tiles of *tiles* too.

    `blob:` is for photos that the browser has made smaller and shows before they are sent.
    """
    parts = urlsplit(tiles)
    host = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return "; ".join(
        [
            "default-src 'self'",
            f"img-src 'self' data: blob:{host}",
            f"connect-src 'self'{host}",
            "worker-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


class SafetyHeaders:
    """Gives every answer the headers that keep a browser from doing what no page of ours needs."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.headers = {
            "Content-Security-Policy": content_policy(settings.TINHSO_TILES),
            "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=(), usb=()",
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response


class ClientAddress:
    """Behind `TINHSO_PROXIES` reverse proxies, makes `REMOTE_ADDR` the address that the outermost of them saw.

    Each proxy adds the address that it was called from at the end of X-Forwarded-For; what stands before those is
    the client's own word and is not believed. Limits on how often one address may do a thing count by this.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        proxies: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
        told = [it.strip() for it in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if 0 < proxies <= len(told) and told[-proxies]:
            request.META["REMOTE_ADDR"] = told[-proxies]
        return self.get_response(request)


class CompressText(GZipMiddleware):
    """Sends pages and JSON gzipped, with Django's random padding against BREACH. Photos are small as they are."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "")
        if response.streaming or not (kind.startswith("text/") or "json" in kind):
            return response
        return super().process_response(request, response)


class BodyLimit:
    """Refuses a body that says it is larger than `BODY_LIMIT` bytes before any of it is read.

    A body cannot be larger than it says: Django reads no further than Content-Length.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and (len(length) > MOST_DIGITS or int(length) > settings.BODY_LIMIT):
            with translation.override(chosen_language(request)):
                return too_large(request)
        return self.get_response(request)


class Language:
    """The language of the page is the one that the person chose here, Vietnamese before that.

    What the browser asks for does not count: most phones in the province are set up in English by their shop.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = request.LANGUAGE_CODE = chosen_language(request)
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Cookie",))
        return response


def chosen_language(request: HttpRequest) -> str:
    """The language of the request's cookie if it is one of ours, else the installation's."""
    asked = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
