"""What the methods share: settings, trainers, progress, validation, generation, on-policy pairs."""
