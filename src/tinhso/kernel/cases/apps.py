from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "tinhso.kernel.cases"
    label = "cases"
