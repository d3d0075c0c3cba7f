"""How good models and their translations are."""
