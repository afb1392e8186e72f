"""Addresses of residents' pages."""

from django.urls import path

from tinhso.systems.reports.views import places, reporting, tracking

app_name = "reports"
urlpatterns = [
    path("", reporting.home, name="home"),
    path("reports/new", reporting.new, name="new"),
    path("reports/find", reporting.find, name="find"),
    path("reports/mine", reporting.mine, name="mine"),
    path("reports/places.json", places.places, name="places"),
    path("reports/uploads/<str:ticket>", reporting.upload, name="upload"),
    path("reports/<slug:number>", tracking.public, name="public"),
    path("t/<slug:secret>", tracking.track, name="track"),
    path("t/<slug:secret>/sent", tracking.sent, name="sent"),
    path("t/<slug:secret>/reply", tracking.reply, name="reply"),
    path("t/<slug:secret>/rate", tracking.rate, name="rate"),
    path("t/<slug:secret>/photos", tracking.add_photos, name="add_photos"),
    path("t/<slug:secret>/photos/<uuid:key>", tracking.photo, name="photo"),
]
