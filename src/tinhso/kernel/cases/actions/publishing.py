"""Publishing case types."""

from pathlib import Path

from django.db import transaction

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.catalogue import read_case_types
from tinhso.kernel.cases.models import TypeVersion
from tinhso.kernel.catalogue import CatalogueError, Finding


def publish(folder: Path) -> list[TypeVersion]:
    """Publish every case type of the catalogue whose version is new; returns those.

    Raises CatalogueError for a faulty type, and for one that is published under its version with other content.
    """
    fresh, findings = [], []
    with transaction.atomic():
        published = {(it.type, it.version): it.digest for it in TypeVersion.objects.all()}
        for name, entry in read_case_types(folder).items():
            digest = published.get((name, entry.version))
            if digest is None:
                fresh.append(
                    TypeVersion(
                        type=name,
                        version=entry.version,
                        root=entry.root,
                        definition=entry.stored(),
                        digest=entry.digest(),
                    )
                )
            elif digest != entry.digest():
                findings.append(
                    Finding(
                        f"case-types/{name}.yaml",
                        1,
                        f"version {entry.version} of {name} is published with other content: raise the version",
                    )
                )
        if findings:
            raise CatalogueError(findings)
        TypeVersion.objects.bulk_create(fresh)
    queries.forget()
    return fresh
