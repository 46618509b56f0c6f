"""The body of `POST /v1/completions`."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from t2sql.serve.openai_body import MAX_CHOICES, NEUTRAL, OpenAIBody

MAX_LOGPROBS = 20


class CompletionBody(OpenAIBody):
    """The body of `POST /v1/completions`.

    Attributes:
        prompt: One text or several; each has its own answers.
        best_of: Refused unless it is `n`.
        logprobs: How many of the likeliest tokens are reported for each token; None for no report.
        echo: Whether an answer begins with its prompt.
        top_p: The part of the distribution that tokens are drawn from.
    """

    route: ClassVar[str] = "completions"
    neutral: ClassVar = {**NEUTRAL, "suffix": ("",)}
    instead: ClassVar = {
        "max_completion_tokens": "max_tokens",
        "n_predict": "max_tokens",
        "messages": "prompt",
        "input": "prompt",
    }

    prompt: tuple[str, ...] = Field(strict=False)
    best_of: int = Field(1, ge=1)
    logprobs: int | None = Field(None, ge=0, le=MAX_LOGPROBS)
    echo: bool = False
    top_p: float = Field(1.0, gt=0, le=1)

    @field_validator("prompt", mode="before")
    @classmethod
    def _prompts(cls, value: Any) -> Any:
        prompts = [value] if isinstance(value, str) else value
        if not isinstance(prompts, list) or not prompts:
            raise ValueError("prompt is not a text or a list of texts")
        if any(isinstance(prompt, (int, list)) for prompt in prompts):
            raise ValueError("prompt has token ids, which this server does not take; send the text")
        if not all(isinstance(prompt, str) for prompt in prompts):
            raise ValueError("prompt is not a text or a list of texts")
        if "" in prompts:
            raise ValueError("prompt is empty" if isinstance(value, str) else "prompt has an empty text")
        return tuple(prompts)

    @field_validator("logprobs", mode="before")
    @classmethod
    def _chat_logprobs(cls, value: Any) -> Any:
        # OpenAI's chats have a truth value here.
        return None if value is False else value

    @model_validator(mode="after")
    def _prompts_together(self) -> CompletionBody:
        if len(self.prompt) * self.n > MAX_CHOICES:
            raise ValueError(
                f"n × prompts is {len(self.prompt) * self.n}, at most {MAX_CHOICES} are answered"
            )
        if self.best_of not in (1, self.n):
            raise ValueError("best_of is not supported; leave it out and use n")
        if self.logprobs is not None and self.stream:
            raise ValueError("logprobs are not given in a stream; leave out logprobs or stream")
        if self.logprobs is not None and self.echo:
            raise ValueError("logprobs of a prompt are not known; leave out logprobs or echo")
        return self
