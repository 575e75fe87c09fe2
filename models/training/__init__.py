"""Shared by the methods: settings, trainers, progress, validation, generation, on-policy pairs."""
