from .generator import VERSION as VERSION
from .generator import generate as generate
from .values import distinct_texts as distinct_texts
from .values import text_value as text_value

__all__ = ["VERSION", "distinct_texts", "generate", "text_value"]
