"""Tokenizers: Hugging Face's files as GGUF metadata, and GGUF metadata as Hugging Face's files."""
