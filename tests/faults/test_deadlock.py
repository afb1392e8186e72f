"""Two people who merge two cases into each other at once: one of them wins, nobody fails."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections

from tests.province import PLACE, actor
from tinhso.kernel.cases import actions
from tinhso.kernel.cases.actions.opening import Opening, open_case
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.cases.rules.workflow import RefusedError
from tinhso.kernel.people.rules import Role

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


class Merge(threading.Thread):
    """One merge, begun together with the other; keeps what went wrong."""

    def __init__(self, keys: tuple[int, int], by: Actor, start: threading.Barrier) -> None:
        super().__init__()
        self.keys, self.by, self.together = keys, by, start
        self.fault: Exception | None = None

    def run(self) -> None:
        self.together.wait()
        try:
            actions.merge(*self.keys, actor=self.by)
        except RefusedError:
            pass  # the other one was faster
        except Exception as error:
            self.fault = error
        finally:
            connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_opposite_merges_do_not_deadlock(catalogue: None) -> None:
    operator = actor("operator", "H19", Role.OPERATOR)
    typed = {"category": "road", "text": "Hỏng", "place": PLACE}
    for _ in range(5):
        one, other = (open_case(Opening("report", typed, "web", at=AT)).pk for _ in range(2))
        start = threading.Barrier(2)
        pair = [Merge(keys, operator, start) for keys in ((one, other), (other, one))]
        for merge in pair:
            merge.start()
        for merge in pair:
            merge.join()
        assert [merge.fault for merge in pair] == [None, None]
        assert Case.objects.filter(pk__in=[one, other], merged_into__isnull=False).count() == 1
