from .generator import Generated as Generated
from .generator import generate as generate
from .recipe import Recipe as Recipe
from .recipe import default_recipe_text as default_recipe_text
from .recipe import read_recipe as read_recipe
from .synthetic_rows import write_synthetic_rows as write_synthetic_rows

__all__ = [
    "Generated",
    "Recipe",
    "default_recipe_text",
    "generate",
    "read_recipe",
    "write_synthetic_rows",
]
