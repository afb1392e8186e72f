"""Pure decisions about cases: no database, no clock, no request."""
