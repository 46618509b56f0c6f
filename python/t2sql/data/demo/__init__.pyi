from .generator import VERSION as VERSION
from .generator import generate as generate
from .held_out import generate_held_out as generate_held_out
from .values import distinct_texts as distinct_texts
from .values import text_value as text_value

__all__ = ["VERSION", "distinct_texts", "generate", "generate_held_out", "text_value"]
