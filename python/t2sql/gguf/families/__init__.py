"""Model families: one declarative module each. A new family is a new file and a line in `registry.py`."""
