from .adapted_tensors import AdaptedTensor as AdaptedTensor
from .adapted_tensors import with_changes as with_changes
from .adapter import AdapterOptions as AdapterOptions
from .adapter import convert_adapter as convert_adapter
from .adapter_changes import AdapterChanges as AdapterChanges
from .adapter_changes import LowRank as LowRank
from .adapter_export import ExportFormat as ExportFormat
from .adapter_export import export_adapter as export_adapter
from .adapter_file import AdapterFile as AdapterFile
from .adapter_file import read_adapter as read_adapter
from .adapter_import import import_adapter as import_adapter
from .adapter_weights import read_changes as read_changes
from .container import GgufFile as GgufFile
from .container import SafetensorsFile as SafetensorsFile
from .container import main_type as main_type
from .container import read_safetensors as read_safetensors
from .converter import check_architecture as check_architecture
from .converter import check_convertible as check_convertible
from .converter import convert as convert
from .entries import Entry as Entry
from .entries import MetadataValue as MetadataValue
from .families.base import Family as Family
from .families.registry import by_hf_architecture as by_hf_architecture
from .families.registry import supported_architectures as supported_architectures
from .families.rope import LONG as LONG
from .ggml_types import FILE_TYPES as FILE_TYPES
from .ggml_types import TYPES as TYPES
from .ggml_types import FileType as FileType
from .ggml_types import file_type_named as file_type_named
from .ggml_types import type_named as type_named
from .hf import HfDirectory as HfDirectory
from .hf import read_directory as read_directory
from .hf_config import MAX_LAYERS as MAX_LAYERS
from .hf_config import ModelConfig as ModelConfig
from .hf_config import read_config as read_config
from .hf_weights import read_weights as read_weights
from .hf_weights import safetensors_files as safetensors_files
from .hf_writing import write_weights as write_weights
from .imatrix import ColumnStatistics as ColumnStatistics
from .imatrix import ImportanceMatrix as ImportanceMatrix
from .imatrix import read_imatrix as read_imatrix
from .imatrix import write_imatrix as write_imatrix
from .importer import import_gguf as import_gguf
from .inspection import Inspection as Inspection
from .inspection import inspect as inspect
from .metadata import metadata_of as metadata_of
from .mlx_affine import AffineTensor as AffineTensor
from .options import ConvertKeywords as ConvertKeywords
from .options import ConvertOptions as ConvertOptions
from .options import OutputKeywords as OutputKeywords
from .options import QuantizeKeywords as QuantizeKeywords
from .options import QuantizeOptions as QuantizeOptions
from .overrides import parse_overrides as parse_overrides
from .patching import copy_gguf as copy_gguf
from .patching import overwrite_tensor as overwrite_tensor
from .quantizer import quantize as quantize
from .rounding import ROUNDING_KEY as ROUNDING_KEY
from .rows import dequantize_rows as dequantize_rows
from .rows import quantize_rows as quantize_rows
from .runnable import check_runnable as check_runnable
from .shards import read_gguf as read_gguf
from .source_model import SourceModel as SourceModel
from .source_model import check_settings as check_settings
from .source_model import read_model as read_model
from .stored_blocks import stored_bytes as stored_bytes
from .tensors import ByteArray as ByteArray
from .tensors import FloatArray as FloatArray
from .tensors import TensorInfo as TensorInfo
from .tensors import row_chunks as row_chunks
from .tokenizer.gguf_tokenizer import special_ids as special_ids
from .tokenizer.hf_files import tokenizer_json as tokenizer_json
from .weights import to_gguf_rows as to_gguf_rows
from .weights import to_hf_rows as to_hf_rows
from .writing import ConvertResult as ConvertResult

__all__ = [
    "FILE_TYPES",
    "LONG",
    "MAX_LAYERS",
    "ROUNDING_KEY",
    "TYPES",
    "AdaptedTensor",
    "AdapterChanges",
    "AdapterFile",
    "AdapterOptions",
    "AffineTensor",
    "ByteArray",
    "ColumnStatistics",
    "ConvertKeywords",
    "ConvertOptions",
    "ConvertResult",
    "Entry",
    "ExportFormat",
    "Family",
    "FileType",
    "FloatArray",
    "GgufFile",
    "HfDirectory",
    "ImportanceMatrix",
    "Inspection",
    "LowRank",
    "MetadataValue",
    "ModelConfig",
    "OutputKeywords",
    "QuantizeKeywords",
    "QuantizeOptions",
    "SafetensorsFile",
    "SourceModel",
    "TensorInfo",
    "by_hf_architecture",
    "check_architecture",
    "check_convertible",
    "check_runnable",
    "check_settings",
    "convert",
    "convert_adapter",
    "copy_gguf",
    "dequantize_rows",
    "export_adapter",
    "file_type_named",
    "import_adapter",
    "import_gguf",
    "inspect",
    "main_type",
    "metadata_of",
    "overwrite_tensor",
    "parse_overrides",
    "quantize",
    "quantize_rows",
    "read_adapter",
    "read_changes",
    "read_config",
    "read_directory",
    "read_gguf",
    "read_imatrix",
    "read_model",
    "read_safetensors",
    "read_weights",
    "row_chunks",
    "safetensors_files",
    "special_ids",
    "stored_bytes",
    "supported_architectures",
    "to_gguf_rows",
    "to_hf_rows",
    "tokenizer_json",
    "type_named",
    "with_changes",
    "write_imatrix",
    "write_weights",
]
