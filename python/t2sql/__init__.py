"""t2sql: teach a language model to write SQL for your tables, and get a file that runs anywhere."""

import sys

if sys.argv and (sys.argv[0] == "-m" or sys.argv[0].rpartition("/")[2] == "t2sql"):
    # The program and not the library: Ctrl-C ends it quietly from its first import on.
    import os
    import signal

    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
