"""The screens of the app. Each is imported when it is first opened, so that the app starts at once."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
