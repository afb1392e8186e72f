"""Django, made ready for a command."""

import os

import django


def ready() -> None:
    """Load the settings and the apps; the database is not touched."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tinhso.shell.settings")
    django.setup()
