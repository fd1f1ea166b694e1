"""Measure training and judging side by side with other libraries (`python -m launch.bench`).

The parent process only starts workers, tells them in turn to go, and writes the report. Every
contestant lives in processes of its own, with its own thread settings.
"""
