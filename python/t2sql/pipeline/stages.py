"""The stages by name, in order. To add one, write its module and name it here and in `records.RESULTS`."""

from __future__ import annotations

from t2sql.pipeline import (
    stage_compare,
    stage_convert,
    stage_data,
    stage_fuse,
    stage_quantize,
    stage_report,
    stage_test,
    stage_train,
    stage_verify,
)
from t2sql.pipeline.context import Stage

BY_NAME: dict[str, Stage] = {
    "data": Stage(stage_data.inputs, stage_data.work),
    # The loop's own start event says more than the stage's.
    "train": Stage(stage_train.inputs, stage_train.work, announce=False),
    "test": Stage(stage_test.inputs, stage_test.work),
    "fuse": Stage(stage_fuse.inputs, stage_fuse.work),
    "convert": Stage(stage_convert.inputs, stage_convert.work),
    "quantize": Stage(stage_quantize.inputs, stage_quantize.work),
    "verify": Stage(stage_verify.inputs, stage_verify.work),
    "compare": Stage(stage_compare.inputs, stage_compare.work),
    "report": Stage(stage_report.inputs, stage_report.work),
}
