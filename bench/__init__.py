"""Measures the budgets of the design, each beside a floor that does the least the task could take."""
