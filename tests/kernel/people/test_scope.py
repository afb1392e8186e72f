"""What a person may look into, against a plain walk of the tree."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.people.trees import Tree, plant, trees
from tinhso.kernel.people.models import Membership, Person
from tinhso.kernel.people.queries import scope_of
from tinhso.kernel.people.rules import SEE_BELOW, SEE_OWN, Role
from tinhso.kernel.units.models import Unit

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()


@dataclass(frozen=True)
class Post:
    """A role in the unit of this place in the tree, from and to a day relative to today."""

    role: Role
    place: int
    since: int
    until: int | None

    @property
    def holds(self) -> bool:
        return self.since <= 0 and (self.until is None or self.until >= 0)


posts = st.lists(
    st.builds(
        Post,
        st.sampled_from(Role),
        st.integers(0, 30),
        st.integers(-3, 3),
        st.none() | st.integers(-3, 3),
    ),
    max_size=4,
    unique_by=lambda it: (it.role, it.place, it.since),
)


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def expected(tree: Tree, held: list[Post]) -> set[int]:
    """Places in the tree that these posts look into, by walking it."""
    seen: set[int] = set()
    for post in held:
        taken_over = tree.ancestry(post.place)
        if post.role in SEE_BELOW:
            seen |= {it for it in range(tree.size) if taken_over & tree.above(it)}
        elif post.role in SEE_OWN:
            seen |= taken_over
    return seen


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees(), posts=posts)
def test_a_scope_holds_the_units_of_todays_posts_and_no_other(tree: Tree, posts: list[Post]) -> None:
    units = plant(tree)
    person = Person.objects.create(username=f"p{units[0].pk}")
    here = [Post(it.role, it.place % tree.size, it.since, it.until) for it in posts]
    here = list({(it.role, it.place, it.since): it for it in here}.values())
    Membership.objects.bulk_create(
        Membership(
            person=person,
            unit=units[it.place],
            role=it.role.value,
            valid_from=day(it.since),
            valid_to=None if it.until is None else day(it.until),
        )
        for it in here
    )
    held = [it for it in here if it.holds]
    scope = scope_of(person.pk)
    place_of = {unit.pk: place for place, unit in enumerate(units)}
    assert {place_of[key] for key in scope.seen} == expected(tree, held)
    assert sorted((it.role, place_of[it.unit]) for it in scope.posts) == sorted((it.role, it.place) for it in held)
    for post in scope.posts:
        assert {place_of[key] for key in post.above} == tree.above(place_of[post.unit])
    assert scope.is_staff == any(it.role is not Role.HELPER for it in held)


def test_a_role_in_no_list_sees_nothing() -> None:
    """A new role must be given its sight on purpose."""
    blind = set(Role) - SEE_BELOW - SEE_OWN
    assert blind == {Role.HELPER, Role.ANALYST, Role.ADMINISTRATOR}


def test_somebody_without_posts_sees_no_unit() -> None:
    Unit.objects.create(code="X", valid_from=TODAY, kind="desk", name="X", sort_key="X", path=[1], lineage=[1])
    person = Person.objects.create(username="ai")
    assert scope_of(person.pk).seen == frozenset()
    assert not scope_of(person.pk).is_staff


def test_a_scope_costs_one_statement(django_assert_num_queries: object) -> None:
    person = Person.objects.create(username="ai")
    with django_assert_num_queries(1):  # type: ignore[operator]
        scope_of(person.pk)
