"""The body of `POST /v1/chat/completions`: what of its messages is asked, and about which tables."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from t2sql.serve.openai_body import NEUTRAL, OpenAIBody

MAX_MESSAGES = 256
MESSAGE_HARMLESS = ("name", "refusal", "annotations")
"""Fields of a message that do not change the answer."""


class Message(BaseModel):
    """One message of a chat.

    Attributes:
        role: Whose it is.
        content: Its text; the texts of several parts have a line each.
    """

    model_config = ConfigDict(extra="allow", strict=True)
    role: Literal["system", "developer", "user", "assistant"]
    content: str

    @field_validator("content", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        texts = []
        for part in value:
            kind = part.get("type") if isinstance(part, dict) else None
            if kind != "text" or not isinstance(part.get("text"), str):
                raise ValueError(f"a message has a part of the type {kind!r:.40}; this server takes text")
            texts.append(part["text"])
        return "\n".join(texts)

    @model_validator(mode="after")
    def _extras(self) -> Message:
        for name, value in (self.model_extra or {}).items():
            if name not in MESSAGE_HARMLESS and value not in (None, [], {}):
                raise ValueError(f"{name} of a message is not supported; leave it out")
        return self


class ChatBody(OpenAIBody):
    """The body of `POST /v1/chat/completions`.

    Attributes:
        messages: The chat; the last message is the question.
    """

    route: ClassVar[str] = "chats"
    neutral: ClassVar = {
        **NEUTRAL,
        "top_p": (1,),
        "logprobs": (False,),
        "top_logprobs": (0,),
        "functions": ([],),
        "function_call": ("none", "auto"),
        "tool_choice": ("none", "auto"),
        "parallel_tool_calls": (True, False),
        "modalities": (["text"],),
        "reasoning_effort": ("none",),
        "verbosity": ("low", "medium"),
    }
    instead: ClassVar = {"n_predict": "max_tokens", "prompt": "messages", "input": "messages"}

    messages: tuple[Message, ...] = Field(strict=False)

    @model_validator(mode="before")
    @classmethod
    def _newer_name(cls, data: Any) -> Any:
        """`max_completion_tokens` is what OpenAI's newer clients call `max_tokens`."""
        if not isinstance(data, dict) or data.get("max_completion_tokens") is None:
            return data
        if data.get("max_tokens") is not None:
            raise ValueError("max_completion_tokens and max_tokens say the same; leave out one of them")
        renamed = {name: value for name, value in data.items() if name != "max_completion_tokens"}
        return renamed | {"max_tokens": data["max_completion_tokens"]}

    @field_validator("messages", mode="after")
    @classmethod
    def _question_last(cls, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        if len(messages) > MAX_MESSAGES:
            raise ValueError(f"messages has {len(messages)}; this server takes {MAX_MESSAGES}")
        asked = [message for message in messages if message.role not in ("system", "developer")]
        if not asked or asked[-1].role != "user":
            raise ValueError("messages has to end with the question, a message of the user")
        if not asked[-1].content.strip():
            raise ValueError("messages ends with an empty question")
        return messages

    @property
    def instructions(self) -> str:
        """The texts of the system's messages, each on lines of its own."""
        return "\n".join(one.content for one in self.messages if one.role in ("system", "developer"))

    @property
    def turns(self) -> list[tuple[str, str]]:
        """The questions before the last with the answer that follows each; others are left out."""
        talk = [message for message in self.messages if message.role in ("user", "assistant")]
        return [
            (asked.content, answered.content)
            for asked, answered in pairwise(talk)
            if (asked.role, answered.role) == ("user", "assistant")
        ]

    @property
    def question(self) -> str:
        """The last message of the user."""
        return next(one.content for one in reversed(self.messages) if one.role == "user")
