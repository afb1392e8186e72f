"""Reads of the board, the lists behind its figures, and its map."""
