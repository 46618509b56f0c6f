from .collecting import CollectOptions as CollectOptions
from .collecting import collect as collect
from .converting import CalibratedResult as CalibratedResult
from .converting import RoundedTensor as RoundedTensor
from .converting import convert_calibrated as convert_calibrated
from .second_order import SECOND_ORDER_TYPES as SECOND_ORDER_TYPES
from .sequences import Sequences as Sequences
from .sequences import dataset_sequences as dataset_sequences
from .sequences import text_sequences as text_sequences

__all__ = [
    "SECOND_ORDER_TYPES",
    "CalibratedResult",
    "CollectOptions",
    "RoundedTensor",
    "Sequences",
    "collect",
    "convert_calibrated",
    "dataset_sequences",
    "text_sequences",
]
