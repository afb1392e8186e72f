"""Live figures: a roll-up of the journal, always with numerator and denominator."""
