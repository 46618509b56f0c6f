"""llama.cpp's own reading of a grammar, from the library that answers with it."""

from __future__ import annotations

import ctypes
from pathlib import Path

import xllamacpp


class _Vector(ctypes.Structure):
    """The beginning of a C++ vector."""

    _fields_ = (("begin", ctypes.c_void_p), ("end", ctypes.c_void_p), ("room", ctypes.c_void_p))


class LlamaGrammar:
    """A GBNF grammar in llama.cpp; its functions have C++ names, which a library for C++ exports."""

    def __init__(self, gbnf: str) -> None:
        """Parse a grammar."""
        file = next(Path(xllamacpp.__file__).parent.glob("xllamacpp*.so"))
        library = ctypes.CDLL(str(file))
        self._init = library._Z23llama_grammar_init_implPK11llama_vocabPKcS3_bPS3_mPKim
        self._accept = library._Z20llama_grammar_acceptP13llama_grammarj
        self._stacks = library._Z24llama_grammar_get_stacksP13llama_grammar
        self._clone = library._Z24llama_grammar_clone_implRK13llama_grammar
        self._clone.argtypes, self._clone.restype = [ctypes.c_void_p], ctypes.c_void_p
        self._free = library._Z23llama_grammar_free_implP13llama_grammar
        self._init.restype = ctypes.c_void_p
        self._init.argtypes = [
            *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_bool),
            *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t),
        ]
        self._accept.argtypes, self._accept.restype = [ctypes.c_void_p, ctypes.c_uint32], None
        self._stacks.argtypes, self._stacks.restype = [ctypes.c_void_p], ctypes.POINTER(_Vector)
        self._free.argtypes, self._free.restype = [ctypes.c_void_p], None
        self._parsed = self._init(None, gbnf.encode(), b"root", False, None, 0, None, 0)
        assert self._parsed, "llama.cpp refuses the grammar"

    def takes(self, text: str) -> bool:
        """Whether the whole of a text is of the grammar."""
        parsed = self._clone(self._parsed)
        try:
            for character in text:
                self._accept(parsed, ord(character))
                if not self._open(parsed):
                    return False
            return any(stack.begin == stack.end for stack in self._open(parsed))
        finally:
            self._free(parsed)

    def _open(self, parsed: int) -> list[_Vector]:
        stacks = self._stacks(parsed).contents
        size = ctypes.sizeof(_Vector)
        count = ((stacks.end or 0) - (stacks.begin or 0)) // size
        return [_Vector.from_address(stacks.begin + index * size) for index in range(count)]
