"""Visualisation: pictures of measurements."""
