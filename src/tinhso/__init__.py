"""Tinhso (tỉnh số): the digital government of a Vietnamese province on one platform."""

__version__ = "0.1.0"
