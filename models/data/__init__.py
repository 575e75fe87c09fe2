"""Training data: texts, preference pairs and rewards. Nothing here needs torch."""
