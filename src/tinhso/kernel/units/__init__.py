"""Offices and areas: their codes, their tree, and who came after whom."""
