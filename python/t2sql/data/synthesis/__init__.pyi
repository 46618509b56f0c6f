from .answer_checker import AnswerChecker as AnswerChecker
from .generator import Generated as Generated
from .generator import generate as generate
from .privacy import Privacy as Privacy
from .privacy import judge_privacy as judge_privacy
from .profiles import TableProfile as TableProfile
from .profiles import profile_tables as profile_tables
from .query_sampler import QuerySampler as QuerySampler
from .question_writer import QuestionWriter as QuestionWriter
from .recipe import Recipe as Recipe
from .recipe import default_recipe_text as default_recipe_text
from .recipe import read_recipe as read_recipe
from .relations import RelationWords as RelationWords
from .remembered_examples import with_remembered as with_remembered
from .schema_tables import schema_table as schema_table
from .split_assigner import without_values as without_values
from .synthetic_rows import write_synthetic_rows as write_synthetic_rows

__all__ = [
    "AnswerChecker",
    "Generated",
    "Privacy",
    "QuerySampler",
    "QuestionWriter",
    "Recipe",
    "RelationWords",
    "TableProfile",
    "default_recipe_text",
    "generate",
    "judge_privacy",
    "profile_tables",
    "read_recipe",
    "schema_table",
    "with_remembered",
    "without_values",
    "write_synthetic_rows",
]
