"""Uploads that nothing took are removed, with their bytes unless others share them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from tinhso.kernel.files.actions import attach_to, path_of, remove_unclaimed, store_upload
from tinhso.kernel.files.models import Attachment

pytestmark = pytest.mark.django_db


def upload(*, hours_ago: int, data: bytes = b"") -> Attachment:
    kept = store_upload(data or b"%PDF-" + uuid4().bytes)
    Attachment.objects.filter(pk=kept.pk).update(made_at=timezone.now() - timedelta(hours=hours_ago))
    return kept


def test_an_upload_that_nothing_took_within_a_day_goes_with_its_file() -> None:
    old, fresh, taken = upload(hours_ago=25), upload(hours_ago=23), upload(hours_ago=25)
    attach_to([taken.pk], "case", 1, None, public=False)
    assert remove_unclaimed(timezone.now()) == 1
    assert set(Attachment.objects.values_list("pk", flat=True)) == {fresh.pk, taken.pk}
    assert not path_of(old.digest).exists()
    assert path_of(fresh.digest).exists()
    assert path_of(taken.digest).exists()
    assert remove_unclaimed(timezone.now()) == 0


@pytest.mark.parametrize("shared_as", ["digest", "small_digest"])
def test_bytes_that_another_attachment_names_stay(shared_as: str) -> None:
    old, other = upload(hours_ago=25), upload(hours_ago=1)
    Attachment.objects.filter(pk=other.pk).update(**{shared_as: old.digest})
    assert remove_unclaimed(timezone.now()) == 1
    assert path_of(old.digest).exists()


def test_more_than_one_batch_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinhso.kernel.files.actions.REMOVED_AT_ONCE", 2)
    data = b"%PDF-same"
    for _ in range(5):
        upload(hours_ago=30, data=data)
    assert remove_unclaimed(timezone.now()) == 5
    assert not any(path_of(it.digest).exists() for it in Attachment.objects.all())
    assert not Attachment.objects.exists()
