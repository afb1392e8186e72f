"""Every address of the installation."""

from django.urls import include, path
from django.views.i18n import set_language

from tinhso.shell.api import api
from tinhso.shell.web import views

urlpatterns = [
    path("", include("tinhso.systems.reports.urls")),
    path("", include("tinhso.kernel.notices.urls")),
    path("accounts/", include("tinhso.kernel.people.urls")),
    path("desk/", include("tinhso.kernel.cases.urls")),
    path("ioc/", include("tinhso.systems.ioc.urls")),
    path("api/v1/", api.urls),
    path("language", set_language, name="language"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error
