"""Where a phone was: a survey or a trained network, and a log with or without ground truth."""
