"""By how much one reading alone may move what a log's clock says: what moves it by more is damaged.

Two clocks of a phone are set beside each other by the reading whose delays were least. One whose
digits were damaged so that it comes out before all others moves every time that is reckoned from
there. Undamaged logs have many readings near the least, so that the two least differ by little.
"""

SENSOR_MS = 50
"""Of sensor readings, a hundred a second: in Edinburgh's logs the two least differ by 0.1 ms."""
SCAN_MS = 200
"""Of scans, one in some seconds, each timed by its freshest entry: in the 51 logs of IPIN 2023 the
two least differ by XX ms at most."""
