"""Working calendars, and deadlines in working hours and days."""
