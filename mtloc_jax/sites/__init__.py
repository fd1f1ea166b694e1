"""From rounds to sites: windows, splits, scalers, vocabularies; buildings by name or folder."""
