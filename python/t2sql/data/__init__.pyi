from .baseline import baseline_answers as baseline_answers
from .baseline import commonest_shape as commonest_shape
from .baseline import query_shape as query_shape
from .benchmark_layout import BenchmarkQuestion as BenchmarkQuestion
from .benchmark_layout import read_benchmark as read_benchmark
from .database_texts import DatabaseTexts as DatabaseTexts
from .dataset import Dataset as Dataset
from .dataset import load as load
from .example import SPLITS as SPLITS
from .example import Example as Example
from .example import Splits as Splits
from .example import with_evidence as with_evidence
from .paraphrases import paraphrase as paraphrase
from .preparation import prepare as prepare
from .prompting import asked_in as asked_in
from .reading import DataSource as DataSource
from .sampling import subset as subset
from .source_formats import has_prompt_format as has_prompt_format
from .source_formats import source_prompt_format as source_prompt_format
from .source_kinds import is_database as is_database
from .source_kinds import masked_source as masked_source
from .sources import source_state as source_state
from .synthesis.privacy import Privacy as Privacy
from .synthesis.privacy import judge_privacy as judge_privacy
from .synthesis.recipe import default_recipe_text as default_recipe_text
from .value_reading import ValueReader as ValueReader
from .writing import note_grammar as note_grammar

__all__ = [
    "SPLITS",
    "BenchmarkQuestion",
    "DataSource",
    "DatabaseTexts",
    "Dataset",
    "Example",
    "Privacy",
    "Splits",
    "ValueReader",
    "asked_in",
    "baseline_answers",
    "commonest_shape",
    "default_recipe_text",
    "has_prompt_format",
    "is_database",
    "judge_privacy",
    "load",
    "masked_source",
    "note_grammar",
    "paraphrase",
    "prepare",
    "query_shape",
    "read_benchmark",
    "source_prompt_format",
    "source_state",
    "subset",
    "with_evidence",
]
