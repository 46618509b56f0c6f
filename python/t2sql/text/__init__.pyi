from .cells import cut as cut
from .cells import unicode_width as unicode_width
from .columns import pad as pad
from .columns import shorten as shorten
from .columns import width as width
from .escapes import one_line as one_line
from .escapes import stand_ins as stand_ins
from .escapes import visible as visible
from .html import html_answer as html_answer
from .html import html_table as html_table
from .html import html_text as html_text
from .json_escapes import json_text as json_text

__all__ = [
    "cut",
    "html_answer",
    "html_table",
    "html_text",
    "json_text",
    "one_line",
    "pad",
    "shorten",
    "stand_ins",
    "unicode_width",
    "visible",
    "width",
]
