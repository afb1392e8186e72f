"""Cases: a matter that someone raised, the office that has it, its clocks, and everything that was done about it."""
