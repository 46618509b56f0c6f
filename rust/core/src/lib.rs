//! safetensors and GGUF in, GGUF out: the bytes of t2sql.
