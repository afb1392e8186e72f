"""Lists of cases show exactly what their pages would: `visible_to` and `sees` are one rule."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.people.trees import Tree, plant, trees
from tinhso.kernel.cases.models import Case, TypeVersion
from tinhso.kernel.cases.queries import standing_of
from tinhso.kernel.cases.rules.parties import sees
from tinhso.kernel.people.models import Membership, Person
from tinhso.kernel.people.queries import scope_of
from tinhso.kernel.people.rules import NOBODY, Role, Scope
from tinhso.kernel.units.models import Unit

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Matter:
    """A case by places in the tree and in the list of people."""

    lead: int
    supporting: tuple[int, ...]
    following: tuple[int, ...]
    raiser: int | None
    filed_by: int | None


PLACE = st.integers(0, 30)
SOMEBODY = st.none() | st.integers(0, 3)
matters = st.lists(
    st.builds(
        Matter,
        PLACE,
        st.lists(PLACE, max_size=2).map(tuple),
        st.lists(PLACE, max_size=2).map(tuple),
        SOMEBODY,
        SOMEBODY,
    ),
    min_size=1,
    max_size=12,
)
posts = st.lists(st.tuples(st.integers(0, 3), PLACE, st.sampled_from(Role)), max_size=6, unique=True)


@pytest.fixture
def version() -> TypeVersion:
    return TypeVersion.objects.create(type="matter", version=1, root="matter", definition="{}", digest="0")


def _write(matters: list[Matter], units: list[Unit], people: list[Person], version: TypeVersion) -> None:
    cases = []
    for number, it in enumerate(matters):
        lead = units[it.lead % len(units)]
        supporting = sorted({units[place % len(units)].pk for place in it.supporting} - {lead.pk})
        following = sorted({units[place % len(units)].pk for place in it.following} - {lead.pk, *supporting})
        cases.append(
            Case(
                number=f"M{number}-{lead.pk}",
                type_version=version,
                type="matter",
                root="matter",
                channel="web",
                lead=lead,
                supporting=supporting,
                following=following,
                units=[lead.pk, *supporting, *following],
                raiser=people[it.raiser] if it.raiser is not None else None,
                filed_by=people[it.filed_by] if it.filed_by is not None else None,
                stage="received",
                stage_kind="open",
                opened_at=timezone.now(),
            )
        )
    Case.objects.bulk_create(cases)


def _listed(scope: Scope) -> set[int]:
    return set(Case.objects.visible_to(scope).values_list("pk", flat=True))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees(), matters=matters, posts=posts)
def test_a_list_shows_what_the_page_would_and_nothing_else(
    version: TypeVersion, tree: Tree, matters: list[Matter], posts: list[tuple[int, int, Role]]
) -> None:
    Case.objects.all().delete()
    units = plant(tree)
    people = Person.objects.bulk_create(Person(username=f"p{units[0].pk}-{n}") for n in range(4))
    _write(matters, units, people, version)
    held = {(who, place % tree.size, role) for who, place, role in posts}
    Membership.objects.bulk_create(
        Membership(person=people[who], unit=units[place], role=role.value, valid_from=timezone.localdate())
        for who, place, role in held
    )
    cases = list(Case.objects.select_related("lead"))
    for person in people:
        scope = scope_of(person.pk)
        assert _listed(scope) == {case.pk for case in cases if sees(scope, standing_of(case))}
    assert _listed(NOBODY) == set()
    assert not any(sees(NOBODY, standing_of(case)) for case in cases)


def test_only_raisers_and_offices_on_the_case_see_it(version: TypeVersion) -> None:
    """A fixed example, so that both rules cannot be wrong in the same way: a root with two offices below it."""
    root, office, other = plant(Tree((None, 0, 0), (None, None, None)))
    names = ("raiser", "helper", "stranger", "chief", "officer", "colleague", "supporter", "administrator")
    people = dict(zip(names, Person.objects.bulk_create(Person(username=name) for name in names), strict=True))
    for name, unit, role in (
        ("helper", root, Role.HELPER),
        ("chief", root, Role.LEADER),
        ("officer", office, Role.OFFICER),
        ("colleague", root, Role.OFFICER),  # of the unit above: sees its own matters only
        ("supporter", other, Role.OFFICER),
        ("administrator", root, Role.ADMINISTRATOR),
    ):
        Membership.objects.create(person=people[name], unit=unit, role=role.value, valid_from=timezone.localdate())
    everybody = list(people.values())
    alone = Matter(1, (), (), 0, 1)
    supported = Matter(1, (2,), (), None, None)
    _write([alone, supported], [root, office, other], everybody, version)
    first, second = Case.objects.order_by("pk").values_list("pk", flat=True)
    seen = {name: _listed(scope_of(person.pk)) for name, person in people.items()}
    assert seen == {
        "raiser": {first},
        "helper": {first},
        "stranger": set(),
        "chief": {first, second},
        "officer": {first, second},
        "colleague": set(),
        "supporter": {second},
        "administrator": set(),
    }


def test_leaving_an_office_ends_the_sight_of_its_cases(version: TypeVersion) -> None:
    (office,) = plant(Tree((None,), (None,)))
    person = Person.objects.create(username="canbo")
    post = Membership.objects.create(
        person=person, unit=office, role=Role.OFFICER.value, valid_from=timezone.localdate()
    )
    _write([Matter(0, (), (), None, None)], [office], [person], version)
    assert len(_listed(scope_of(person.pk))) == 1
    post.valid_to = timezone.localdate() - timedelta(days=1)
    post.valid_from = post.valid_to
    post.save()
    assert _listed(scope_of(person.pk)) == set()
