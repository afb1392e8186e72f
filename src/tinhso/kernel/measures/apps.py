from django.apps import AppConfig


class MeasuresConfig(AppConfig):
    name = "tinhso.kernel.measures"
    label = "measures"

    def ready(self) -> None:
        from tinhso.kernel.journal.followers import register  # noqa: PLC0415  models are ready only now
        from tinhso.kernel.measures.followers import follower  # noqa: PLC0415

        register(follower)
