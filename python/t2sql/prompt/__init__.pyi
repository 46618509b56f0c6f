from .chat import CHAT_TEMPLATE as CHAT_TEMPLATE
from .chat import chat_template as chat_template
from .encoding import EncodedPrompt as EncodedPrompt
from .encoding import Tokenizer as Tokenizer
from .encoding import encode as encode
from .end_marks import END_MARKS as END_MARKS
from .end_marks import strip_end_marks as strip_end_marks
from .formats import DEFAULT_FORMAT as DEFAULT_FORMAT
from .formats import PROMPT_PARTS as PROMPT_PARTS
from .formats import PromptFormat as PromptFormat
from .formats import PromptPart as PromptPart
from .rendering import parse_prompt as parse_prompt
from .rendering import prompt_text as prompt_text
from .rendering import render_prompt as render_prompt
from .rendering import render_retry as render_retry
from .sizes import PromptSizes as PromptSizes
from .texts import NO_HINTS as NO_HINTS
from .texts import ParsedPrompt as ParsedPrompt
from .texts import PromptHints as PromptHints

__all__ = [
    "CHAT_TEMPLATE",
    "DEFAULT_FORMAT",
    "END_MARKS",
    "NO_HINTS",
    "PROMPT_PARTS",
    "EncodedPrompt",
    "ParsedPrompt",
    "PromptFormat",
    "PromptHints",
    "PromptPart",
    "PromptSizes",
    "Tokenizer",
    "chat_template",
    "encode",
    "parse_prompt",
    "prompt_text",
    "render_prompt",
    "render_retry",
    "strip_end_marks",
]
