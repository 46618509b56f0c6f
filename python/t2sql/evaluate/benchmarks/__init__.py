"""Scores as the scripts of Spider and of BIRD compute them, from answers in a file."""
