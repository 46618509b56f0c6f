from .collecting import CollectOptions as CollectOptions
from .collecting import collect as collect
from .sequences import Sequences as Sequences
from .sequences import dataset_sequences as dataset_sequences
from .sequences import text_sequences as text_sequences

__all__ = ["CollectOptions", "Sequences", "collect", "dataset_sequences", "text_sequences"]
