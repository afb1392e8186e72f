from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "tinhso.kernel.journal"
    label = "journal"
