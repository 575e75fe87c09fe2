"""The nano family of small models: tokenizer, documents, pretraining."""
