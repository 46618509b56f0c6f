from .augment import form as form
from .baseline import baseline_answers as baseline_answers
from .baseline import commonest_shape as commonest_shape
from .baseline import shape as shape
from .database import default_text as default_text
from .dataset import Dataset as Dataset
from .dataset import Example as Example
from .dataset import load as load
from .preparing import content_of as content_of
from .preparing import prepare as prepare
from .preparing import shown as shown

__all__ = [
    "Dataset",
    "Example",
    "baseline_answers",
    "commonest_shape",
    "content_of",
    "default_text",
    "form",
    "load",
    "prepare",
    "shape",
    "shown",
]
