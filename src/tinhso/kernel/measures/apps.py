from django.apps import AppConfig


class MeasuresConfig(AppConfig):
    name = "tinhso.kernel.measures"
    label = "measures"
