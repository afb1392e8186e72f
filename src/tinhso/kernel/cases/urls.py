"""Addresses of the desk."""

from django.urls import path, register_converter

from tinhso.kernel.cases import views


class NumberConverter:
    """A case's number as one step of an address; `~` stands for the slash that official numbers may have."""

    regex = r"[^/\x00]+"

    def to_python(self, value: str) -> str:
        return value.replace("~", "/")

    def to_url(self, value: str) -> str:
        return value.replace("/", "~")


register_converter(NumberConverter, "number")

app_name = "desk"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("key/<int:key>/", views.by_key, name="by_key"),
    path("cases/<number:number>/", views.case, name="case"),
    path("cases/<number:number>/files/<uuid:key>", views.file, name="file"),
    path("cases/<number:number>/handling/<slug:step>/", views.handle, name="handle"),
    path("cases/<number:number>/<slug:action>/", views.act, name="act"),
]
