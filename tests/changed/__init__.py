"""Inputs changed at random, read by every command: none may end in a traceback, a crash or a hang."""
