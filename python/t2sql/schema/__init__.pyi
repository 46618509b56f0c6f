from .ddl import read_ddl as read_ddl
from .ddl import read_ddl_file as read_ddl_file
from .guessed_keys import guess_keys as guess_keys
from .guessed_keys import with_guessed_keys as with_guessed_keys
from .joining import neighbours as neighbours
from .joining import shortest_path as shortest_path
from .mentions import AskedNames as AskedNames
from .mentions import asked_names as asked_names
from .table_lines import read_table_lines as read_table_lines
from .tables import Column as Column
from .tables import ColumnValue as ColumnValue
from .tables import ForeignKey as ForeignKey
from .tables import Schema as Schema
from .tables import Table as Table
from .word_scores import Stem as Stem
from .word_scores import WordScores as WordScores
from .word_scores import name_stems as name_stems
from .word_scores import text_stems as text_stems
from .words import NUMBER_WORDS as NUMBER_WORDS
from .words import join_phrases as join_phrases
from .words import name_phrase as name_phrase
from .words import pluralize as pluralize
from .words import row_nouns as row_nouns
from .words import singularize as singularize
from .words import split_name as split_name

__all__ = [
    "NUMBER_WORDS",
    "AskedNames",
    "Column",
    "ColumnValue",
    "ForeignKey",
    "Schema",
    "Stem",
    "Table",
    "WordScores",
    "asked_names",
    "guess_keys",
    "join_phrases",
    "name_phrase",
    "name_stems",
    "neighbours",
    "pluralize",
    "read_ddl",
    "read_ddl_file",
    "read_table_lines",
    "row_nouns",
    "shortest_path",
    "singularize",
    "split_name",
    "text_stems",
    "with_guessed_keys",
]
