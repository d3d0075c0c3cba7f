"""From a model's probabilities to texts."""
