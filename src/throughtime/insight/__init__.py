"""Seeing: pictures of what was measured."""
