"""Accounts, roles in units, sign-in, and who may see and do what."""
