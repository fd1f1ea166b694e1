"""Experts on WiFi: each places scans by a survey, and says how far off it may be."""
