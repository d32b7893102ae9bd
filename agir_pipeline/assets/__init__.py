"""Dagster's view of the six steps: read, call one method, write, report. No arithmetic here."""
