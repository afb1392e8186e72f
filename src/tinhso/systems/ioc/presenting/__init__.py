"""What the board's pages say and draw."""
