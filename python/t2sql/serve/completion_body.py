"""The body of `POST /v1/completions`: each field of OpenAI's clients is used, harmless, or refused."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from t2sql.serve.bodies import Body

MAX_CHOICES = 64
"""Answers to one request, at most: prompts × n."""
MAX_STOPS = 64
MAX_LOGPROBS = 20

# Nothing that they say changes the answer.
_HARMLESS = {
    "model",
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "cache_prompt",
    "id_slot",
    "timings_per_token",
    "return_progress",
    "return_tokens",
    "skip_special_tokens",
    "spaces_between_special_tokens",
}
# At these values the field asks for nothing.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "suffix": ("",),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "repetition_penalty": (1,),
    "repeat_penalty": (1,),
    "logit_bias": ({}, []),
    "grammar": ("",),
    "json_schema": ({},),
    "response_format": ({"type": "text"},),
    "tools": ([],),
    "stop_token_ids": ([],),
    "ignore_eos": (False,),
    "min_tokens": (0,),
    "n_probs": (0,),
    "use_beam_search": (False,),
    "length_penalty": (1,),
    "dry_multiplier": (0,),
    "mirostat": (0,),
    "min_p": (0,),
    "top_k": (0, -1),
    "typical_p": (1,),
}
# They cut off unlikely tokens, and the likeliest is what temperature 0 takes.
_CUTS = ("min_p", "top_k", "typical_p", "top_p")
_INSTEAD = {
    "max_completion_tokens": "max_tokens",
    "n_predict": "max_tokens",
    "messages": "prompt",
    "input": "prompt",
}


class CompletionBody(Body):
    """The body of `POST /v1/completions`.

    Attributes:
        prompt: One text or several; each has its own answers.
        n: Answers for each prompt.
        best_of: Refused unless it is `n`.
        stop: Texts that end an answer; they are not part of it.
        logprobs: How many of the likeliest tokens are reported for each token; None for no report.
        echo: Whether an answer begins with its prompt.
        stream: Whether the answers come as events.
        stream_options: With `include_usage`, the last event has the counts of tokens.
        top_p: The part of the distribution that tokens are drawn from.
    """

    model_config = ConfigDict(extra="allow")
    prompt: tuple[str, ...]
    n: int = Field(1, ge=1, le=MAX_CHOICES)
    best_of: int = Field(1, ge=1)
    stop: tuple[str, ...] = ()
    logprobs: int | None = Field(None, ge=0, le=MAX_LOGPROBS)
    echo: bool = False
    stream: bool = False
    stream_options: dict[str, Any] = Field(default_factory=dict)
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

    @field_validator("stop", mode="before")
    @classmethod
    def _stops(cls, value: Any) -> Any:
        stops = [value] if isinstance(value, str) else value
        if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
            raise ValueError("stop is not a text or a list of texts")
        if len(stops) > MAX_STOPS:
            raise ValueError(f"stop has {len(stops)} texts; this server takes {MAX_STOPS}")
        return tuple(stop for stop in stops if stop)

    @field_validator("logprobs", mode="before")
    @classmethod
    def _chat_logprobs(cls, value: Any) -> Any:
        # OpenAI's chats have a truth value here.
        return None if value is False else value

    @model_validator(mode="after")
    def _together(self) -> CompletionBody:
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
        if self.stream_options and not self.stream:
            raise ValueError("stream_options is for a stream; set stream or leave it out")
        for name, value in (self.model_extra or {}).items():
            self._check_extra(name, value)
        return self

    def _check_extra(self, name: str, value: Any) -> None:
        if name in _HARMLESS or (name in _CUTS and self.temperature == 0):
            return
        if name in _INSTEAD:
            raise ValueError(f"{name} is not a field of completions; use {_INSTEAD[name]}")
        if name not in _NEUTRAL:
            raise ValueError(f"{name} is not a field that this server knows; leave it out")
        if value not in _NEUTRAL[name]:
            raise ValueError(f"{name} is not supported; leave it out")

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with the counts of tokens."""
        return self.stream_options.get("include_usage") is True
