"""Readers: one file per published format, each turning files into `Round`s."""
