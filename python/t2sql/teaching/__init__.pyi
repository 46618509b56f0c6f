from .opening import open_teacher as open_teacher
from .teacher import Lesson as Lesson
from .teacher import Teacher as Teacher

__all__ = [
    "Lesson",
    "Teacher",
    "open_teacher",
]
