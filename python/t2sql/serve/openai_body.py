"""What the bodies of OpenAI's routes have in common: each field is used, harmless, or refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ConfigDict, Field, field_validator, model_validator

from t2sql.serve.bodies import Body

MAX_CHOICES = 64
"""Answers to one request, at most: prompts × n."""
MAX_STOPS = 64

HARMLESS = frozenset(
    {
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
)
"""Nothing that these fields say changes the answer."""

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
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
"""The values at which a field asks for nothing."""

CUTS = ("min_p", "top_k", "typical_p", "top_p")
"""They cut off unlikely tokens, and the likeliest is what temperature 0 takes."""


class OpenAIBody(Body):
    """A body of OpenAI's, with the fields that all of its routes take.

    Attributes:
        n: Answers for each prompt.
        stop: Texts that end an answer; they are not part of it.
        stream: Whether the answers come as events.
        stream_options: With `include_usage`, the last event has the counts of tokens.
    """

    model_config = ConfigDict(extra="allow", strict=True)
    route: ClassVar[str]
    """What error messages call the route."""
    neutral: ClassVar[Mapping[str, tuple[Any, ...]]] = NEUTRAL
    instead: ClassVar[Mapping[str, str]]
    """Fields of other routes, and the field of this one that says the same."""

    n: int = Field(1, ge=1, le=MAX_CHOICES)
    stop: tuple[str, ...] = Field((), strict=False)
    stream: bool = False
    stream_options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("stop", mode="before")
    @classmethod
    def _stops(cls, value: Any) -> Any:
        stops = [value] if isinstance(value, str) else value
        if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
            raise ValueError("stop is not a text or a list of texts")
        if len(stops) > MAX_STOPS:
            raise ValueError(f"stop has {len(stops)} texts; this server takes {MAX_STOPS}")
        return tuple(stop for stop in stops if stop)

    @model_validator(mode="after")
    def _fields_together(self) -> OpenAIBody:
        if self.stream_options and not self.stream:
            raise ValueError("stream_options is for a stream; set stream or leave it out")
        for name, value in (self.model_extra or {}).items():
            self._check_extra(name, value)
        return self

    def _check_extra(self, name: str, value: Any) -> None:
        if name in HARMLESS or (name in CUTS and self.temperature == 0):
            return
        if name in self.instead:
            raise ValueError(f"{name} is not a field of {self.route}; use {self.instead[name]}")
        if name not in self.neutral:
            raise ValueError(f"{name} is not a field that this server knows; leave it out")
        # To Python False is 0, and True is 1.
        neutral = [one for one in self.neutral[name] if isinstance(one, bool) == isinstance(value, bool)]
        if value not in neutral:
            raise ValueError(f"{name} is not supported; leave it out")

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with the counts of tokens."""
        return self.stream_options.get("include_usage") is True
