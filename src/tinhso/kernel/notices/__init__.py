"""Messages to people: texts of the catalogue, channels, and the outbox."""
