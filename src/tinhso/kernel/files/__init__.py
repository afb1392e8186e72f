"""Attachments: photos made safe, documents kept as they are."""
