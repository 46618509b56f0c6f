"""A model as embedding, layers and head, so that parts of it can be run alone; checked against the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from t2sql.models import flat
from t2sql.runtimes import mx
from t2sql.train.batches import Span
from t2sql.train.exponentials import token_losses
from t2sql.train.native import Layout, NativeLayers, cross_entropy, native_head

Spans = Sequence[Span] | None


class Network:
    """mlx-lm's model and, where its structure is the usual one, its parts.

    `split` is False for a model whose parts, put together, do not give what the whole gives: it is then
    run whole, with the loss masked, and nothing of it is kept. `native` is off where the weights
    themselves are trained: the layers in Rust know the gradients of LoRA alone.
    """

    def __init__(self, model: Any, *, grad_checkpoint: bool = False, native: bool = True) -> None:
        self.model = model
        self.layers: list[Any] = list(model.layers)
        self.grad_checkpoint = grad_checkpoint
        self.native = NativeLayers.of(model) if native and not grad_checkpoint else None
        self.split = self._parts_make_the_whole()

    def embed(self, ids: Any) -> Any:
        return self.model.model.embed_tokens(ids)

    @property
    def shares(self) -> bool:
        """Whether batches may be of spans: every layer is one that knows them."""
        return self.split and self.native is not None and self.native.all()

    def run(self, h: Any, start: int, stop: int | None = None, spans: Spans = None) -> Any:
        """Layers `start` to `stop` on the hidden states h, whose rows are `spans` when given."""
        from mlx_lm.models.base import create_attention_mask

        layout = Layout.of(h.shape[0], h.shape[1], spans)

        causal = create_attention_mask(h)
        for at, layer in list(enumerate(self.layers))[start:stop]:
            out = self.native.run(at, h, layout) if self.native is not None else None
            if out is not None:
                h = out
                continue
            assert spans is None, "only the layers in Rust know spans"
            mask = causal
            if getattr(layer, "use_sliding", False):
                mask = create_attention_mask(h, window_size=self.model.model.sliding_window)
            h = self._checkpointed(layer, h, mask) if self.grad_checkpoint else layer(h, mask, cache=None)
        return h

    def head(self, h: Any) -> Any:
        """Logits of hidden states [..., hidden]."""
        h = self.model.model.norm(h)
        if "lm_head" in self.model:
            return self.model.lm_head(h)
        return self.model.model.embed_tokens.as_linear(h)

    def logits(self, inputs: Any, positions: Any, start: int, spans: Spans = None) -> Any:
        """Logits [n, vocabulary] at flat positions. `inputs` are ids, or, from layer `start` > 0, states."""
        if not self.split:
            out = self.model(inputs)
            return out.reshape(-1, out.shape[-1])[positions]
        return self.head(self.states(inputs, start, spans)[positions])

    def losses(self, inputs: Any, positions: Any, targets: Any, start: int, spans: Spans = None) -> Any:
        """Negative log-likelihood [n] of the targets at flat positions, of inputs as in `logits`."""
        if not self.split:
            return token_losses(self.logits(inputs, positions, start, spans), targets)
        return self.head_losses(self.states(inputs, start, spans)[positions], targets)

    def head_losses(self, h: Any, targets: Any) -> Any:
        """Negative log-likelihood [n] of the targets for hidden states [n, hidden]."""
        head = self.model.lm_head if "lm_head" in self.model else self.model.model.embed_tokens
        if self.native is not None and native_head(head, h):
            normed = self.model.model.norm(h)
            return cross_entropy(normed, head.weight, targets, training=self.model.training)
        return token_losses(self.head(h), targets)

    def states(self, inputs: Any, start: int, spans: Spans = None) -> Any:
        """Hidden states before the head [positions, hidden], of inputs as in `logits`."""
        h = self.run(self.embed(inputs) if start == 0 else inputs, start, spans=spans)
        return h.reshape(-1, h.shape[-1])

    def _checkpointed(self, layer: Any, h: Any, mask: Any) -> Any:
        """The layer, its inside forgotten and computed again when the gradient is."""

        def inner(parameters: Any, h: Any) -> Any:
            layer.update(parameters)
            return layer(h, mask, cache=None)

        return mx.checkpoint(inner)(layer.trainable_parameters(), h)

    def _parts_make_the_whole(self) -> bool:
        inner = getattr(self.model, "model", None)
        if inner is None or not all(hasattr(inner, name) for name in ("embed_tokens", "layers", "norm")):
            return False
        if "lm_head" not in self.model and not hasattr(inner.embed_tokens, "as_linear"):
            return False
        training = self.model.training
        self.model.eval()
        try:
            ids = mx.array([[3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]])
            whole = self.model(ids).astype(mx.float32)
            parts = self.head(self.run(self.embed(ids), 0)).astype(mx.float32)
            if whole.shape != parts.shape:
                return False
            return bool(mx.abs(whole - parts).max() <= 1e-3 * mx.abs(whole).max())
        except (AttributeError, TypeError, ValueError, IndexError):
            return False
        finally:
            self.model.train(training)


def first_trained_layer(model: Any) -> int:
    """The first layer that a trainable parameter lies in, or before: layers below it always give the same."""
    first = len(model.layers)
    for name in flat(model.trainable_parameters()):
        parts = name.split(".")
        if "layers" in parts:
            first = min(first, int(parts[parts.index("layers") + 1]))
        elif "embed" in name or "wte" in name:
            return 0
    return first
