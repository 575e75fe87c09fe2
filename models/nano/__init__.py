"""Our own small family of models: tokenizer, documents, pretraining."""
