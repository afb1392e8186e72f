"""Bringing the database up to the catalogue."""

from tinhso.kernel.catalogue import CatalogueError
from tinhso.shell.database.errors import OperatorError


def publish() -> None:
    """Load units and publish case types; a fault in the catalogue is an OperatorError that names file and line."""
    from django.conf import settings  # noqa: PLC0415 - needs the settings

    from tinhso.kernel.cases.actions import publish as publish_types  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.cases.catalogue import check  # noqa: PLC0415
    from tinhso.kernel.units.actions import load  # noqa: PLC0415

    findings = check(settings.TINHSO_CATALOG)
    if findings:
        raise OperatorError("\n".join(str(finding) for finding in findings))
    try:
        load(settings.TINHSO_CATALOG)
        publish_types(settings.TINHSO_CATALOG)
    except CatalogueError as error:
        raise OperatorError(str(error)) from error
