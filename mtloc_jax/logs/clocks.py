"""By how much one reading alone may move what a log's clock says: who moves it by more is damaged.

A phone's two clocks are set beside each other by whichever reading or scan came with the least
delay. One whose digits were damaged so that it seems to come sooner than all others moves every
time, or age, that is reckoned from there. Between these bounds and none it does so unseen: an
offset that no single reading decides would time undamaged logs anew.
"""

SENSOR_MS = 50
"""Of sensor readings: of thousands, the two that came soonest differ by 0.1 ms (Edinburgh)."""
SCAN_MS = 200
"""Of scans: delays spread over a third of a second, so that of a few scans the two least may lie
far apart; of 40 and more, they differ by 10 ms at most (48 logs of IPIN 2023)."""
