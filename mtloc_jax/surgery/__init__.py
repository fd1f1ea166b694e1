"""Checkpoint surgery: grafts, transforms, freeze plans, foreign weights, export."""
