from .generator import Generated as Generated
from .generator import generate as generate
from .privacy import Privacy as Privacy
from .privacy import judge_privacy as judge_privacy
from .recipe import Recipe as Recipe
from .recipe import default_recipe_text as default_recipe_text
from .recipe import read_recipe as read_recipe
from .synthetic_rows import write_synthetic_rows as write_synthetic_rows

__all__ = [
    "Generated",
    "Privacy",
    "Recipe",
    "default_recipe_text",
    "generate",
    "judge_privacy",
    "read_recipe",
    "write_synthetic_rows",
]
