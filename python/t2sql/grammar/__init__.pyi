from .coverage import Coverage as Coverage
from .coverage import measure_coverage as measure_coverage
from .coverage import trained_width as trained_width
from .masks import Mask as Mask
from .masks import Masks as Masks
from .matching import byte_matcher as byte_matcher
from .notations import Grammar as Grammar
from .paths import Path as Path
from .paths import Paths as Paths
from .rewriting import rewritten as rewritten
from .widths import DEFAULT_WIDTH as DEFAULT_WIDTH
from .widths import WIDTHS as WIDTHS
from .widths import Width as Width
from .widths import grammar_of as grammar_of

__all__ = [
    "DEFAULT_WIDTH",
    "WIDTHS",
    "Coverage",
    "Grammar",
    "Mask",
    "Masks",
    "Path",
    "Paths",
    "Width",
    "byte_matcher",
    "grammar_of",
    "measure_coverage",
    "rewritten",
    "trained_width",
]
