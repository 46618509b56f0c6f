"""What the bodies of requests have in common, and the one of `POST /ask`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from t2sql.generate import MAX_BEAM
from t2sql.live import MAX_QUESTION_CHARACTERS
from t2sql.serve.errors import Refusal
from t2sql.serve.settings import Settings

DEFAULT_TOKENS = 128


class Body(BaseModel):
    """A body in which null means "not given", as OpenAI's clients write it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    max_tokens: int = Field(DEFAULT_TOKENS, ge=-1)
    temperature: float = Field(0.0, ge=0, le=10)
    seed: int = Field(0, ge=-(2**63), lt=2**63)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None}
        return data

    def tokens(self, settings: Settings) -> int:
        """Tokens of the answer; -1 is as many as the server gives, as for llama.cpp's server.

        Raises:
            Refusal: It is more than that, or 0.
        """
        if self.max_tokens == -1:
            return settings.max_tokens
        if not 1 <= self.max_tokens <= settings.max_tokens:
            words = f"max_tokens is {self.max_tokens}; this server gives 1 to {settings.max_tokens}"
            raise Refusal(400, words, param="max_tokens")
        return self.max_tokens

    def random_seed(self, sample: int = 0) -> int:
        """The seed of one of several samples, in the runtimes' range (2**32 - 1 is llama.cpp's "any")."""
        return (self.seed + sample) % (2**32 - 1)


class AskBody(Body):
    """The body of `POST /ask`; a field that is not one of these is an error."""

    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)
    execute: bool = False
    beam: int | None = Field(None, ge=1, le=MAX_BEAM)
    max_rows: int | None = Field(None, ge=1)
