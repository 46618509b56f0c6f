from .adapters import adapter_applied as adapter_applied
from .adapters import add_adapter_layers as add_adapter_layers
from .adapters import apply_adapter as apply_adapter
from .adapters import flat as flat
from .adapters import load_adapter_weights as load_adapter_weights
from .adapters import read_adapter_weights as read_adapter_weights
from .facts import DirectoryFacts as DirectoryFacts
from .facts import GgufFacts as GgufFacts
from .facts import adapter_grammar as adapter_grammar
from .facts import adapter_min_logprob as adapter_min_logprob
from .facts import directory_facts as directory_facts
from .facts import directory_type as directory_type
from .facts import gguf_facts as gguf_facts
from .gguf_loading import load_gguf as load_gguf
from .hub import check_architecture as check_architecture
from .hub import download as download
from .importing import as_directory as as_directory
from .importing import directory as directory
from .importing import training_base as training_base
from .loading import Loaded as Loaded
from .loading import check_config as check_config
from .loading import load as load
from .loading import load_network as load_network
from .loading import load_tokenizer as load_tokenizer
from .memory import RUNTIME_BYTES as RUNTIME_BYTES
from .memory import ModelSize as ModelSize
from .memory import check_memory as check_memory
from .memory import model_size as model_size
from .reference import DEMO as DEMO
from .reference import DEMO_INSTALL as DEMO_INSTALL
from .reference import ModelRef as ModelRef
from .reference import demo_gguf as demo_gguf
from .reference import lasting_source as lasting_source
from .reference import resolve as resolve
from .text_tokens import TextTokenizer as TextTokenizer
from .text_tokens import text_chunks as text_chunks
from .weights import dequantize as dequantize
from .weights import halve_matrices as halve_matrices
from .weights import quantize_base as quantize_base

__all__ = [
    "DEMO",
    "DEMO_INSTALL",
    "RUNTIME_BYTES",
    "DirectoryFacts",
    "GgufFacts",
    "Loaded",
    "ModelRef",
    "ModelSize",
    "TextTokenizer",
    "adapter_applied",
    "adapter_grammar",
    "adapter_min_logprob",
    "add_adapter_layers",
    "apply_adapter",
    "as_directory",
    "check_architecture",
    "check_config",
    "check_memory",
    "demo_gguf",
    "dequantize",
    "directory",
    "directory_facts",
    "directory_type",
    "download",
    "flat",
    "gguf_facts",
    "halve_matrices",
    "lasting_source",
    "load",
    "load_adapter_weights",
    "load_gguf",
    "load_network",
    "load_tokenizer",
    "model_size",
    "quantize_base",
    "read_adapter_weights",
    "resolve",
    "text_chunks",
    "training_base",
]
