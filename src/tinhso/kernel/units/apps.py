from django.apps import AppConfig


class UnitsConfig(AppConfig):
    name = "tinhso.kernel.units"
    label = "units"
