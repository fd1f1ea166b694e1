"""Experts joined over time, and a radius that holds: pure functions of arrays."""
