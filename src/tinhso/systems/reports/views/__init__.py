"""Pages for residents, thin: parse, act or ask, render."""
