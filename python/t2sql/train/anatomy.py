"""What an mlx-lm model computes around its layers: the embedding's factor, windows, and the logits' cap."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.runtimes import Array, Module, mlx_lm, mx, scalar


@dataclass(frozen=True)
class Anatomy:
    """What, beside embedding, layers, norm and head, a model's graph has.

    Attributes:
        embedding_scale: What the embedding is multiplied by.
        logit_cap: Where logits are capped: x becomes cap * tanh(x / cap). None where they are not.
        windows: How many positions each layer's queries attend to, their own included; None for all.
        needs_array_masks: Whether the layers take masks as arrays only, not by the name "causal".
        grouped_masks: Whether the layers add masks to scores [batch, groups, heads, tokens, tokens].
    """

    embedding_scale: float
    logit_cap: float | None
    windows: tuple[int | None, ...]
    needs_array_masks: bool
    grouped_masks: bool = False

    @classmethod
    def of(cls, model: Module) -> Anatomy:
        """Read it off a model of mlx-lm."""
        family = family_of(model)
        scale, cap = 1.0, None
        windows: list[int | None] = [None] * len(model.layers)
        if family == "gemma2":
            scale, cap = float(model.args.hidden_size**0.5), float(model.final_logit_softcapping)
        elif family == "gemma3_text":
            # mlx-lm rounds the factor to bfloat16, as the published models do.
            scale = scalar(mx.array(model.args.hidden_size**0.5, mx.bfloat16))
            sliding = [layer.self_attn.is_sliding for layer in model.layers]
            windows = [model.model.window_size if slides else None for slides in sliding]
        else:
            # An attribute of the layers of some of mlx-lm's models.
            sliding = [getattr(layer, "use_sliding", False) for layer in model.layers]
            windows = [model.model.sliding_window if slides else None for slides in sliding]
        grouped = family == "gemma2" and model.layers[0].self_attn.repeats > 1
        return cls(scale, cap, tuple(windows), family == "gemma2", grouped)

    def embedded(self, h: Array) -> Array:
        """Hidden states before the first layer, of embeddings."""
        return h if self.embedding_scale == 1.0 else h * self.embedding_scale

    def capped(self, logits: Array) -> Array:
        """The model's logits, of the head's."""
        return logits if self.logit_cap is None else mx.tanh(logits / self.logit_cap) * self.logit_cap

    def mask(self, h: Array, window: int | None, segments: Array | None = None) -> Array | str | None:
        """The attention mask of layers of a window, as they take it.

        Args:
            h: Hidden states [rows, tokens, hidden].
            window: How many positions a query attends to; None for all.
            segments: int32 [rows, tokens], which example a token belongs to; tokens of the same example are
                neighbours, and attend to each other only. None where a row is one example.
        """
        if segments is None:
            as_array = self.needs_array_masks
            # mlx-lm's functions have no types.
            return mlx_lm.create_attention_mask(h, window_size=window, return_array=as_array)  # type: ignore[no-any-return]
        steps = mx.arange(h.shape[1])
        behind = steps[:, None] - steps[None, :]
        seen = behind >= 0 if window is None else (behind >= 0) & (behind < window)
        allowed = (segments[:, :, None] == segments[:, None, :]) & seen
        # One axis for heads, and another where heads come in groups.
        return allowed[:, None, None] if self.grouped_masks else allowed[:, None]


def family_of(module: Module) -> str:
    """The name of mlx-lm's module that defines a model or a layer, such as "llama"."""
    return type(module).__module__.removeprefix("mlx_lm.models.")
