"""Histories of cases from other systems: event logs in (XES, CSV with a mapping) and out (XES, IEEE 1849)."""
