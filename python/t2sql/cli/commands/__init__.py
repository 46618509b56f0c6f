"""One module per command: its options, its example, its library calls."""
