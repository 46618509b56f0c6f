"""The terminal app of t2sql, on its public API only; `t2sql tui` finds it by entry point."""
