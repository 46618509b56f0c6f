"""The chat template of a trained model: messages become the prompt that it was trained on."""

from __future__ import annotations

from t2sql.prompt.formats import DEFAULT_FORMAT, PromptFormat

CHAT_TEMPLATE = (
    "{%- set ns = namespace(tables='', text='') -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' and 'columns:' in message['content'] -%}"
    "{%- set ns.tables = message['content'] -%}"
    "{%- elif message['role'] == 'user' -%}"
    "{%- set ns.text = message['content'] -%}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if ns.tables -%}{{ ns.tables | trim }}{{ '\\n' }}{%- endif -%}"
    "{{ ns.text | trim }}{{ '\\nA:' }}"
)
"""The Jinja chat template of a model that was trained on version 1, without a BOS token.

The last user message holds the prompt's lines (`table:`, `columns:`, `Q:`) and becomes the trained prompt. A
system message that holds the table lines goes before it; any other system message is left out.
"""

_HAS_TABLES = {1: "'columns:' in message['content']", 2: "message['content'].startswith('table ')"}
"""By version, how a system message with the table lines is known from one that tells how to behave."""


def chat_template(prompt_format: PromptFormat = DEFAULT_FORMAT, *, bos: bool = False) -> str:
    """The chat template of a model.

    Args:
        prompt_format: The format that the model was trained on.
        bos: Whether its tokenizer puts a BOS token before a plain text.
    """
    template = CHAT_TEMPLATE.replace(_HAS_TABLES[1], _HAS_TABLES[prompt_format.version])
    return "{{ bos_token }}" + template if bos else template
