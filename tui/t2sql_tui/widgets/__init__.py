"""The widgets that screens are made of. The messages that a widget posts are nested in its class."""
