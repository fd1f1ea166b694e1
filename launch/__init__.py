"""Programs: `python -m launch.NAME`; each has --help."""

import sys

from launch import interrupts

# Python puts "-m" there while it looks for the program, whose imports take seconds.
if sys.argv[:1] == ["-m"]:
    interrupts.install()
