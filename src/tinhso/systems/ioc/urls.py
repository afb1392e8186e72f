"""Addresses of the operations centre."""

from django.urls import path

from tinhso.systems.ioc import views

app_name = "ioc"
urlpatterns = [
    path("", views.board, name="board"),
    path("figures/", views.figures, name="figures"),
    path("tables/", views.tables, name="tables"),
    path("cases/", views.cases, name="cases"),
    path("units/", views.units, name="units"),
    path("map/", views.map_page, name="map"),
    path("map/cells", views.cells, name="cells"),
]
