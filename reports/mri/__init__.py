"""Activation diffs: what fine-tuning changed inside a network, and what of it matters. See docs/activations.md."""
