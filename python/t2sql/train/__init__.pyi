from .batches import Encoded as Encoded
from .batches import encode_split as encode_split
from .config import FREE_SETTINGS as FREE_SETTINGS
from .config import TrainConfig as TrainConfig
from .launch import launched as launched
from .loop import TrainResult as TrainResult
from .loop import follow as follow
from .loop import train as train
from .network import Network as Network
from .ranks import Ranks as Ranks
from .saved import CheckpointInfo as CheckpointInfo
from .saved import adapter_path as adapter_path
from .saved import best_step as best_step
from .saved import checkpoints as checkpoints
from .saved import choose as choose
from .saved import mark_best as mark_best
from .saved import min_logprob as min_logprob
from .source import Source as Source
from .source import SplitLoss as SplitLoss

__all__ = [
    "FREE_SETTINGS",
    "CheckpointInfo",
    "Encoded",
    "Network",
    "Ranks",
    "Source",
    "SplitLoss",
    "TrainConfig",
    "TrainResult",
    "adapter_path",
    "best_step",
    "checkpoints",
    "choose",
    "encode_split",
    "follow",
    "launched",
    "mark_best",
    "min_logprob",
    "train",
]
