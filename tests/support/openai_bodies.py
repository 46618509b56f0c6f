"""Everything that OpenAI's Python client and LangChain can send, at the values that ask for nothing."""

from __future__ import annotations

COMPLETION = {
    "model": "any",
    "best_of": 1,
    "echo": False,
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": None,
    "max_tokens": 4,
    "n": 1,
    "presence_penalty": 0,
    "seed": -5,
    "stop": None,
    "stream": False,
    "stream_options": None,
    "suffix": None,
    "temperature": 0,
    "top_p": 1,
    "user": "me",
}

CHAT = {
    "model": "any",
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logit_bias": None,
    "logprobs": False,
    "top_logprobs": None,
    "max_completion_tokens": 24,
    "n": 1,
    "response_format": {"type": "text"},
    "seed": 5,
    "stop": None,
    "stream": False,
    "stream_options": None,
    "temperature": 0,
    "top_p": 1,
    "tools": None,
    "tool_choice": None,
    "parallel_tool_calls": None,
    "metadata": None,
    "store": None,
    "user": "me",
}
