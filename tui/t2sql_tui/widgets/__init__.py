"""The widgets that screens are made of; each nests the messages that it sends."""
