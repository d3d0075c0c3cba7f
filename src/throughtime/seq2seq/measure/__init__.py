"""Evaluation of models and their translations."""
