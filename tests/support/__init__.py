"""Builders and servers that the tests of several rooms use."""
