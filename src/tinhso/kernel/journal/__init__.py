"""The append-only record of everything that happened: events, seals over them, and those who follow them."""
