"""What is learned from: texts, pairs and rewards; no torch."""
