from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "tinhso.kernel.notices"
    label = "notices"
