from .masks import Mask as Mask
from .masks import Masks as Masks
from .notations import Grammar as Grammar
from .statements import grammar_of as grammar_of

__all__ = [
    "Grammar",
    "Mask",
    "Masks",
    "grammar_of",
]
