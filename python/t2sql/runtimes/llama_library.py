"""llama.cpp's C functions, which xllamacpp's extension module carries: token ids and whole logits of a file.

Its Python classes give at most some log-probabilities of one token at a time. What is used here are functions
of llama.h that have not changed in years, and of the parameters, whose layout does change, the first four
numbers of the context's: their defaults are compared with those that llama.h documents before they are set,
and what the context then says about itself with what was set.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_Pointer = ctypes.c_void_p
_FIRST_DEFAULTS = [512, 2048, 512, 1]
"""Defaults of a context's n_ctx, n_batch, n_ubatch and n_seq_max."""


class _Parameters(ctypes.Structure):
    """A struct of llama.h that is passed by value, and a rest that no function reads.

    The calling conventions of x86-64 and of 64-bit Arm put a struct of this size in memory, where the
    function reads as much of it as its own declaration has.
    """

    _fields_ = (("numbers", ctypes.c_uint32 * 256),)


class _Batch(ctypes.Structure):
    """`llama_batch`."""

    _fields_ = (
        ("n_tokens", ctypes.c_int32),
        ("token", ctypes.POINTER(ctypes.c_int32)),
        ("embd", _Pointer),
        ("pos", ctypes.POINTER(ctypes.c_int32)),
        ("n_seq_id", ctypes.POINTER(ctypes.c_int32)),
        ("seq_id", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
        ("logits", ctypes.POINTER(ctypes.c_int8)),
    )


_SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "llama_backend_init": (None, []),
    "llama_model_default_params": (_Parameters, []),
    "llama_context_default_params": (_Parameters, []),
    "llama_model_load_from_file": (_Pointer, [ctypes.c_char_p, _Parameters]),
    "llama_init_from_model": (_Pointer, [_Pointer, _Parameters]),
    "llama_model_get_vocab": (_Pointer, [_Pointer]),
    "llama_vocab_n_tokens": (ctypes.c_int32, [_Pointer]),
    "llama_vocab_get_add_bos": (ctypes.c_bool, [_Pointer]),
    "llama_vocab_bos": (ctypes.c_int32, [_Pointer]),
    "llama_n_ctx": (ctypes.c_uint32, [_Pointer]),
    "llama_n_batch": (ctypes.c_uint32, [_Pointer]),
    "llama_set_n_threads": (None, [_Pointer, ctypes.c_int32, ctypes.c_int32]),
    "llama_get_memory": (_Pointer, [_Pointer]),
    "llama_memory_clear": (None, [_Pointer, ctypes.c_bool]),
    "llama_tokenize": (
        ctypes.c_int32,
        [
            *(_Pointer, ctypes.c_char_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_int32), ctypes.c_int32),
            *(ctypes.c_bool, ctypes.c_bool),
        ],
    ),
    "llama_batch_init": (_Batch, [ctypes.c_int32, ctypes.c_int32, ctypes.c_int32]),
    "llama_decode": (ctypes.c_int32, [_Pointer, _Batch]),
    "llama_get_logits": (ctypes.POINTER(ctypes.c_float), [_Pointer]),
}


class UnknownLibraryError(Exception):
    """The library lacks a function, or its parameters are laid out in another way."""


class LlamaModel:
    """A GGUF file, loaded into this process as llama-perplexity loads it; it stays until the process ends.

    Attributes:
        vocab_size: Tokens in the vocabulary.
        first_token: The token that every text begins with; None where the tokenizer adds none.
    """

    def __init__(self, library: Path, file: Path, *, context: int, threads: int) -> None:
        """Load the file.

        Args:
            library: xllamacpp's extension module.
            file: The GGUF file.
            context: Tokens of one sequence.
            threads: Threads that compute.

        Raises:
            UnknownLibraryError: It is not the library that is described here.
            RuntimeError: llama.cpp cannot load the file; why is on stderr.
        """
        self._library = _open(library)
        self._library.llama_backend_init()
        model = self._library.llama_model_load_from_file(
            str(file).encode(), self._library.llama_model_default_params()
        )
        if not model:
            raise RuntimeError("llama.cpp does not load the file")
        parameters = self._library.llama_context_default_params()
        if list(parameters.numbers[:4]) != _FIRST_DEFAULTS:
            raise UnknownLibraryError("the parameters of its contexts are laid out in another way")
        parameters.numbers[0] = parameters.numbers[1] = context
        self._context = self._library.llama_init_from_model(model, parameters)
        if not self._context:
            raise RuntimeError("llama.cpp makes no context for the file")
        if self._library.llama_n_ctx(self._context) < context:
            raise UnknownLibraryError("a context is shorter than it was asked to be")
        if self._library.llama_n_batch(self._context) < context:
            raise UnknownLibraryError("a batch is smaller than it was asked to be")
        self._library.llama_set_n_threads(self._context, threads, threads)
        self._batch = self._library.llama_batch_init(context, 0, 1)
        self._vocab = self._library.llama_model_get_vocab(model)
        self.vocab_size: int = self._library.llama_vocab_n_tokens(self._vocab)
        adds = self._library.llama_vocab_get_add_bos(self._vocab)
        self.first_token: int | None = self._library.llama_vocab_bos(self._vocab) if adds else None

    def tokenize(self, text: str) -> NDArray[np.int32]:
        """Token ids of a text, with BOS and EOS if the file asks for them; special tokens in it are text."""
        encoded = text.encode()
        # A token has at least one byte, but for BOS, EOS and a space that is put before the text.
        ids = np.zeros(len(encoded) + 3, np.int32)
        pointer = ids.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
        count = self._library.llama_tokenize(
            self._vocab, encoded, len(encoded), pointer, len(ids), True, False
        )
        if count < 0:
            raise RuntimeError(f"llama.cpp needs {-count} tokens for {len(encoded)} bytes")
        return ids[:count]

    def logits(self, ids: Sequence[int], first: int) -> NDArray[np.float32]:
        """What is predicted after each token from number `first` on.

        Args:
            ids: A sequence, at most as long as the context.
            first: The index of the first token after which a prediction is wanted.

        Returns:
            Logits [len(ids) - first, vocab_size], in llama.cpp's memory: the next call overwrites them.

        Raises:
            RuntimeError: llama.cpp does not compute them.
        """
        memory = self._library.llama_get_memory(self._context)
        self._library.llama_memory_clear(memory, True)
        batch = self._batch
        batch.n_tokens = len(ids)
        for index, token in enumerate(ids):
            batch.token[index] = token
            batch.pos[index] = index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = index >= first
        code = self._library.llama_decode(self._context, batch)
        if code != 0:
            raise RuntimeError(f"llama.cpp does not compute: llama_decode gave {code}")
        rows = self._library.llama_get_logits(self._context)
        return np.ctypeslib.as_array(rows, (len(ids) - first, self.vocab_size))


def _open(path: Path) -> ctypes.CDLL:
    """Load a library and declare the functions that are used of it."""
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise UnknownLibraryError(f"it has no function {name}") from None
        function.restype, function.argtypes = result, arguments
    return library
