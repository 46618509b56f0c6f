"""A session set to a checkpoint, or to where the first rank is."""

from __future__ import annotations

from t2sql.adapters import read_adapter_config
from t2sql.errors import InputError
from t2sql.models import flat, load_adapter_weights, read_adapter_weights
from t2sql.runs.records import TimedSchedule, TrainingState
from t2sql.runtimes import mx, tree_unflatten
from t2sql.train.checkpoint_files import OPTIMIZER, CheckpointInfo, read_state
from t2sql.train.session import Session


def restore(session: Session, checkpoint: CheckpointInfo) -> None:
    """Set weights, optimizer and counters to those of a checkpoint.

    Raises:
        InputError: The checkpoint was trained on other weights than the session's model has, or its adapter
            cannot be on this model.
    """
    state = read_state(checkpoint.path)
    trained_on = state.model or session.weights_fingerprint
    if trained_on != session.weights_fingerprint:
        raise InputError(
            "the model is not the run's",
            where=f"--model {session.config.model}",
            expected=f"weights of fingerprint {trained_on[:12]}",
            found=session.weights_fingerprint[:12],
            hint="Its files changed since the run began: restore them, or start another run",
        )
    model = session.loaded.model
    read_adapter_config(checkpoint.path).check_layers(len(model.layers), checkpoint.path)
    is_full = session.config.fine_tune_type == "full"
    load_adapter_weights(model, read_adapter_weights(checkpoint.path), checkpoint.path, full=is_full)
    moments = mx.load(str(checkpoint.path / OPTIMIZER))
    assert isinstance(moments, dict)
    session.optimizer.state = tree_unflatten(list(moments.items()))
    mx.eval(model.trainable_parameters(), session.optimizer.state)
    session.restore_state(state)


def broadcast_start(session: Session) -> None:
    """Set every rank to the first one's weights, moments and counters."""
    ranks, model = session.ranks, session.loaded.model
    if ranks.size == 1:
        return
    state = ranks.broadcast_object(session.state().to_json() if ranks.first else None)
    timed = session.schedule.to_json() if session.schedule is not None else None
    document = ranks.broadcast_object({"schedule": timed} if ranks.first else None)["schedule"]
    if document is not None:
        session.follow(TimedSchedule.from_json(document))
    session.restore_state(TrainingState.from_json(state))
    weights = ranks.broadcast(flat(model.trainable_parameters()))
    model.update(tree_unflatten(list(weights.items())))
    moments = ranks.broadcast(flat(session.optimizer.state))
    session.optimizer.state = tree_unflatten(list(moments.items()))
