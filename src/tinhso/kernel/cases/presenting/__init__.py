"""How cases are put before the people of the desk: words and shapes for templates, no statements of its own."""
