"""Data cards: what a set of recordings holds, and what makes it too good to be true."""
