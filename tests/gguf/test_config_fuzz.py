"""A damaged config.json is refused as a wrong input, whatever is wrong with it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import tiny_families

from t2sql.errors import InputError
from t2sql.gguf import ModelConfig, convert, inspect
from t2sql.plain import Json

_MUTATIONS = 60
"""Of each family."""

_VALUES: tuple[Json, ...] = (
    None,
    True,
    False,
    "",
    "64",
    "\ud800",
    0,
    -1,
    1,
    3,
    1 << 31,
    1 << 32,
    1 << 64,
    10**400,
    0.0,
    -0.5,
    1e-300,
    0.01,
    63.5,
    1e308,
    float("nan"),
    float("inf"),
    [],
    [None],
    [1, "a"],
    ["full_attention"],
    [[]],
    {},
    {"rope_type": "linear"},
    {"rope_type": "yarn", "factor": "2"},
    {"type": 3},
    {"full_attention": [], "rope_type": "linear"},
)
_UNSTATED = (
    "head_dim",
    "layer_types",
    "partial_rotary_factor",
    "quantization",
    "quantization_config",
    "query_pre_attn_scalar",
    "rope_parameters",
    "t2sql",
    "use_sliding_window",
    "_name_or_path",
)
"""Settings that no tiny model has, and that are read all the same."""

Place = tuple[str, ...]


def _places(config: dict[str, Json], prefix: Place = ()) -> Iterator[Place]:
    """The keys that lead to every setting, those of nested objects included."""
    for key, value in config.items():
        yield (*prefix, key)
        if isinstance(value, dict):
            yield from _places(value, (*prefix, key))


def _with(config: dict[str, Json], place: Place, value: Json) -> dict[str, Json]:
    """A copy of the config with one setting replaced."""
    inner = config.get(place[0])
    if len(place) > 1 and isinstance(inner, dict):
        value = _with(inner, place[1:], value)
    return {**config, place[0]: value}


def _refused(work: Callable[[], object]) -> bool:
    try:
        work()
    except InputError:
        return True
    return False


@pytest.mark.parametrize("name", sorted(tiny_families.MODELS))
def test_any_change_of_a_setting_is_accepted_or_refused_as_an_input(
    name: str, family_model: Callable[[str], Path], tmp_path: Path
) -> None:
    source = tmp_path / "model"
    source.mkdir()
    for file in family_model(name).iterdir():
        (source / file.name).symlink_to(file)
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").unlink()
    rng = random.Random(name)
    places = [*_places(config), *((key,) for key in _UNSTATED)]
    # A folder in the output's place: an accepted config is planned to the end, and no weights are written.
    out = tmp_path / "out.gguf"
    out.mkdir()
    refused = 0
    for _ in range(_MUTATIONS):
        changed = _with(config, rng.choice(places), rng.choice(_VALUES))
        (source / "config.json").write_text(json.dumps(changed))
        refused += _refused(lambda: inspect(source))
        assert _refused(lambda: convert(source, out, force=True))
    assert refused < _MUTATIONS


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("hidden_size", "64", r'config.json: hidden_size\): expected an integer from 1 .*found "64"'),
        ("num_hidden_layers", 4294967295, "num_hidden_layers.*from 1 to 4096, found 4294967295"),
        ("num_attention_heads", 0, "num_attention_heads.*from 1 .*found 0"),
        ("rms_norm_eps", float("nan"), "rms_norm_eps.*a positive number.*found NaN"),
        ("rms_norm_eps", None, r"setting missing \(.*rms_norm_eps"),
        ("rope_scaling", [1], r"rope_scaling\): expected an object, found \[1\]"),
        ("tie_word_embeddings", "no", "tie_word_embeddings.*true or false"),
        ("architectures", [3], "architectures.*a list of texts"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(
    setting: str, value: Json, message: str, family_model: Callable[[str], Path], tmp_path: Path
) -> None:
    source = tmp_path / "model"
    source.mkdir()
    for file in family_model("llama").iterdir():
        (source / file.name).symlink_to(file)
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").unlink()
    (source / "config.json").write_text(json.dumps({**config, setting: value}))
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "a.gguf")


def test_a_nested_setting_is_named_by_its_path() -> None:
    config = ModelConfig({"rope_scaling": {"factor": "2"}})
    with pytest.raises(InputError, match=r"config\.json: rope_scaling\.factor"):
        config.section("rope_scaling").number("factor")


def test_a_whole_float_counts_as_an_integer_and_null_as_absent() -> None:
    config = ModelConfig({"hidden_size": 64.0, "head_dim": None})
    assert config.integer("hidden_size") == 64
    assert config.integer("head_dim", default=32) == 32
