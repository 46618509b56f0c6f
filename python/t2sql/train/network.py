"""A model as embedding, layers and head, so that parts of it can be run alone; checked against the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from t2sql.models import flat
from t2sql.runtimes import Array, Module, mx, policy
from t2sql.train.anatomy import Anatomy, family_of
from t2sql.train.batches import Batch, Span
from t2sql.train.chunked_losses import chunked_losses
from t2sql.train.exponentials import token_losses
from t2sql.train.frozen import embedded_rows, frozen_weight
from t2sql.train.layer_parts import FAMILIES
from t2sql.train.native import Layout, NativeLayers, cross_entropy, left_to_mlx, native_head

Spans: TypeAlias = Sequence[Span] | None
"""What the rows of a batch hold; None for whole examples."""


class Network:
    """mlx-lm's model and, where its structure is the usual one, its parts.

    `inputs` below are token ids [batch, tokens] where `start` is 0, else the hidden states
    [batch, tokens, hidden] before layer `start`. `positions` index their batch and tokens flattened.
    `segments`, int32 [batch, tokens], are the examples that tokens belong to where a row holds several.

    Attributes:
        model: The whole model.
        native: The layers in Rust; None where they are not used.
        left_to_mlx: The first layer that Rust did not compute when the model was taken apart, and why; empty
            where there was none, or where Rust was not asked.
        split: Whether the model can be run by its parts: these, put together, give what the whole gives.
            Otherwise it is run whole and nothing of it is cached.
    """

    def __init__(
        self,
        model: Module,
        *,
        grad_checkpoint: bool = False,
        native: bool = True,
        kernels: str | None = None,
    ) -> None:
        """Take the model apart.

        Args:
            model: mlx-lm's model.
            grad_checkpoint: Compute what is inside a layer again in the backward pass.
            native: Use the layers in Rust. They know the gradients of LoRA only, so this has to be off
                where the weights themselves are trained.
            kernels: What multiplies by frozen matrices in Rust; see `frozen_weight`.
        """
        self.model = model
        self._layers: list[Module] = list(model.layers)
        self._grad_checkpoint = grad_checkpoint
        self._anatomy, self._kernels = Anatomy.of(model), kernels
        self.native: NativeLayers | None = None
        self.left_to_mlx = ""
        if native and not grad_checkpoint:
            self.native = NativeLayers.of(model, self._anatomy, kernels)
            self.left_to_mlx = left_to_mlx(model) if policy().rust_layers else ""
        self.split = self._parts_make_the_whole()

    def embed(self, ids: Array) -> Array:
        """Hidden states [batch, tokens, hidden] of token ids [batch, tokens]."""
        module = self.model.model.embed_tokens
        # Rust's layers take float32.
        return self._anatomy.embedded(module(ids) if self.native is None else embedded_rows(module, ids))

    @property
    def shares_prefixes(self) -> bool:
        """Whether batches may consist of spans, with common prefixes once: the layers in Rust know them."""
        return self.split and self.native is not None and self.native.all()

    @property
    def packs_rows(self) -> bool:
        """Whether a row of a batch may hold several examples: the layers' masks and positions allow it."""
        return self.split and not self.shares_prefixes and family_of(self.model) in FAMILIES

    @property
    def computed_by(self) -> str:
        """Who computes the layers: "Rust", or "MLX" and, where Rust cannot, why."""
        if self.left_to_mlx:
            return f"MLX: {self.left_to_mlx}"
        return "Rust" if self.split and self.native is not None else "MLX"

    def run(
        self,
        h: Array,
        start: int,
        stop: int | None = None,
        spans: Spans = None,
        segments: Array | None = None,
    ) -> Array:
        """Run layers `start` to `stop` on hidden states [batch, tokens, hidden]."""
        layout = None if self.native is None else Layout.of(h.shape[0], h.shape[1], spans, segments)
        masks: dict[int | None, Array | str | None] = {}
        for index, layer in list(enumerate(self._layers))[start:stop]:
            out = None
            if self.native is not None and layout is not None:
                out = self.native.run(index, h, layout)
            if out is not None:
                h = out
                continue
            assert spans is None, "only the layers in Rust know spans"
            window = self._anatomy.windows[index]
            if window not in masks:
                masks[window] = self._anatomy.mask(h, window, segments)
            mask = masks[window]
            h = self._checkpointed(layer, h, mask) if self._grad_checkpoint else layer(h, mask, cache=None)
        return h

    def head(self, h: Array) -> Array:
        """Logits [..., vocabulary] of hidden states [..., hidden]."""
        h = self.model.model.norm(h)
        if "lm_head" in self.model:
            return self._anatomy.capped(self.model.lm_head(h))
        return self._anatomy.capped(self.model.model.embed_tokens.as_linear(h))

    def logits(self, inputs: Array, positions: Array, start: int, spans: Spans = None) -> Array:
        """Logits [n, vocabulary] at n positions."""
        if not self.split:
            out: Array = self.model(inputs)
            return out.reshape(-1, out.shape[-1])[positions]
        return self.head(self.states(inputs, start, spans)[positions])

    def losses(
        self,
        inputs: Array,
        positions: Array,
        targets: Array,
        start: int,
        spans: Spans = None,
        segments: Array | None = None,
    ) -> Array:
        """Negative log-likelihood [n] in nats of the target ids [n] at n positions."""
        if not self.split:
            return token_losses(self.logits(inputs, positions, start, spans), targets)
        return self.head_losses(self.states(inputs, start, spans, segments)[positions], targets)

    def head_losses(self, h: Array, targets: Array) -> Array:
        """Negative log-likelihood [n] of the target ids [n] for hidden states [n, hidden]."""
        head = self.model.lm_head if "lm_head" in self.model else self.model.model.embed_tokens
        if self.native is not None and native_head(head, h):
            normed = self.model.model.norm(h)
            training, cap = self.model.training, self._anatomy.logit_cap
            matrix = frozen_weight(head, self._kernels)
            return cross_entropy(normed, matrix, targets, training=training, cap=cap)
        if head.trainable_parameters():
            return token_losses(self.head(h), targets)
        vocabulary = int(head.weight.shape[0])
        return chunked_losses(self.head, h, targets, vocabulary, training=self.model.training)

    def states(self, inputs: Array, start: int, spans: Spans = None, segments: Array | None = None) -> Array:
        """Hidden states before the head [batch * tokens, hidden]."""
        h = self.embed(inputs) if start == 0 else inputs
        h = self.run(h, start, spans=spans, segments=segments)
        return h.reshape(-1, h.shape[-1])

    def _checkpointed(self, layer: Module, h: Array, mask: Any) -> Array:
        """A layer's output; what is inside it is computed again in the backward pass."""

        def inner(parameters: Any, h: Array) -> Array:
            layer.update(parameters)
            return layer(h, mask, cache=None)  # type: ignore[no-any-return]

        return mx.checkpoint(inner)(layer.trainable_parameters(), h)

    def _parts_make_the_whole(self) -> bool:
        """Try it: embedding, layers and head, on a few ids, against the model."""
        inner = getattr(self.model, "model", None)
        if inner is None or not all(hasattr(inner, name) for name in ("embed_tokens", "layers", "norm")):
            return False
        if "lm_head" not in self.model and not hasattr(inner.embed_tokens, "as_linear"):
            return False
        was_training = self.model.training
        self.model.eval()
        try:
            ids = mx.array([[3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]])
            whole = self.model(ids).astype(mx.float32)
            parts = self.head(self.run(self.embed(ids), 0)).astype(mx.float32)
            if whole.shape != parts.shape:
                return False
            # MLX computes in the scales' type where a matrix is quantized.
            exact = all(v.dtype in (mx.float32, mx.uint32) for v in flat(self.model.parameters()).values())
            return bool(mx.abs(whole - parts).max() <= (1e-3 if exact else 5e-2) * mx.abs(whole).max())
        except (AttributeError, ValueError, IndexError):
            # A model of another build than the layers: it is computed as a whole. A TypeError is not caught,
            # since it would be a mismatch between the extension and this file.
            return False
        finally:
            self.model.train(was_training)


def segments_of(batch: Batch) -> Array | None:
    """A batch's segments for `Network`; None where each row holds one example."""
    return None if batch.segments is None else mx.array(batch.segments)


def first_trained_layer(model: Module) -> int:
    """The first layer whose output may change: it, or the embedding before it, has trainable parameters."""
    first = len(model.layers)
    for name in flat(model.trainable_parameters()):
        parts = name.split(".")
        if "layers" in parts:
            first = min(first, int(parts[parts.index("layers") + 1]))
        elif "embed" in name or "wte" in name:
            return 0
    return first
