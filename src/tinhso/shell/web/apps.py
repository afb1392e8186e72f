from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "tinhso.shell.web"
    label = "web"
