from .adapter import convert_adapter as convert_adapter
from .adapter import import_adapter as import_adapter
from .adapter_file import read_adapter as read_adapter
from .container import GgufFile as GgufFile
from .container import TensorInfo as TensorInfo
from .container import read_gguf as read_gguf
from .container import read_safetensors as read_safetensors
from .container import row_chunks as row_chunks
from .converter import ConvertResult as ConvertResult
from .converter import convert as convert
from .converter import gguf_names as gguf_names
from .families import Family as Family
from .families import by_hf_architecture as by_hf_architecture
from .families import supported_architectures as supported_architectures
from .families.rope import LONG as LONG
from .hf import HfDirectory as HfDirectory
from .hf import check_dtypes as check_dtypes
from .hf import read_directory as read_directory
from .hf import weight_files as weight_files
from .hf_tokenizer import special_ids as special_ids
from .importer import import_gguf as import_gguf
from .inspection import Inspection as Inspection
from .inspection import inspect as inspect
from .inspection import main_type as main_type
from .metadata import metadata_of as metadata_of
from .overrides import parse_overrides as parse_overrides
from .quantizer import quantize as quantize
from .types import TYPES as TYPES
from .types import type_named as type_named
from .weights import to_gguf_rows as to_gguf_rows

__all__ = [
    "LONG",
    "TYPES",
    "ConvertResult",
    "Family",
    "GgufFile",
    "HfDirectory",
    "Inspection",
    "TensorInfo",
    "by_hf_architecture",
    "check_dtypes",
    "convert",
    "convert_adapter",
    "gguf_names",
    "import_adapter",
    "import_gguf",
    "inspect",
    "main_type",
    "metadata_of",
    "parse_overrides",
    "quantize",
    "read_adapter",
    "read_directory",
    "read_gguf",
    "read_safetensors",
    "row_chunks",
    "special_ids",
    "supported_architectures",
    "to_gguf_rows",
    "type_named",
    "weight_files",
]
