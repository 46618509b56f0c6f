from .anatomy import Anatomy as Anatomy
from .checkpoint_files import CheckpointInfo as CheckpointInfo
from .checkpoint_files import adapter_path as adapter_path
from .checkpoint_files import best_step as best_step
from .checkpoint_files import checkpoints as checkpoints
from .checkpoint_files import choose as choose
from .checkpoint_files import mark_best as mark_best
from .checkpoint_files import min_logprob as min_logprob
from .config import FREE_SETTINGS as FREE_SETTINGS
from .config import TrainConfig as TrainConfig
from .config import check_same_settings as check_same_settings
from .encoding import Encoded as Encoded
from .encoding import encode_split as encode_split
from .exponentials import fast_exponentials as fast_exponentials
from .launch import launched as launched
from .network import Network as Network
from .ranks import Ranks as Ranks
from .setup import base_directory as base_directory
from .setup import check_base_fits as check_base_fits
from .split_inputs import SplitInputs as SplitInputs
from .split_inputs import SplitLoss as SplitLoss
from .training import TrainResult as TrainResult
from .training import follow as follow
from .training import train as train

__all__ = [
    "FREE_SETTINGS",
    "Anatomy",
    "CheckpointInfo",
    "Encoded",
    "Network",
    "Ranks",
    "SplitInputs",
    "SplitLoss",
    "TrainConfig",
    "TrainResult",
    "adapter_path",
    "base_directory",
    "best_step",
    "check_base_fits",
    "check_same_settings",
    "checkpoints",
    "choose",
    "encode_split",
    "fast_exponentials",
    "follow",
    "launched",
    "mark_best",
    "min_logprob",
    "train",
]
