"""What every system of a province stands on; it knows no system by name."""
