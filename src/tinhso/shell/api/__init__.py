"""The machine interface under `/api/v1/`: one door, assembled from the routers of the apps."""

from django.http import HttpRequest
from ninja import NinjaAPI

import tinhso
from tinhso.kernel.cases.api import router as cases
from tinhso.kernel.measures.api import router as measures
from tinhso.shell.api.problems import register
from tinhso.shell.api.throttling import limited
from tinhso.systems.reports.api import router as reports

api = NinjaAPI(
    title="Tinhso",
    version=tinhso.__version__,
    description=(
        "The digital government of a Vietnamese province. Reports and figures are public; cases need a token"
        " (`Authorization: Bearer …`). Every error is a problem of RFC 9457."
    ),
    docs_url=None,
    urls_namespace="api",
)
register(api)
api.add_router("", reports, tags=["reports"])
api.add_router("", measures, tags=["measures"])
api.add_router("", cases, tags=["cases"])
api.add_decorator(limited, mode="view")

__all__ = ["HttpRequest", "api"]
