"""Addresses of messages: one's own desk, and in the demo the outbox."""

from django.conf import settings
from django.urls import path

from tinhso.kernel.notices import views

app_name = "notices"
urlpatterns = [
    path("notices/", views.mine, name="mine"),
    path("notices/read", views.read, name="read"),
]
if settings.TINHSO_DEMO:
    urlpatterns.append(path("outbox/", views.outbox, name="outbox"))
