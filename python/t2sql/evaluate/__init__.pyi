from .baseline import Baseline as Baseline
from .baseline import common_shape_baseline as common_shape_baseline
from .benchmarks.bird_scores import bird_scores as bird_scores
from .benchmarks.figures import Figure as Figure
from .benchmarks.scored import Benchmark as Benchmark
from .benchmarks.scored import BenchmarkAnswer as BenchmarkAnswer
from .benchmarks.scored import BenchmarkOptions as BenchmarkOptions
from .benchmarks.scored import ScoredBenchmark as ScoredBenchmark
from .benchmarks.spider_scores import spider_scores as spider_scores
from .checkpoints import CheckpointScore as CheckpointScore
from .checkpoints import score_checkpoints as score_checkpoints
from .comparison import TUTORIAL_PROMPTS as TUTORIAL_PROMPTS
from .comparison import CompareOptions as CompareOptions
from .comparison import Comparison as Comparison
from .comparison import compare as compare
from .files import ScoredFile as ScoredFile
from .files import score_file as score_file
from .judging import score as score
from .loss import LossResult as LossResult
from .loss import measure_checkpoints as measure_checkpoints
from .loss import measure_loss as measure_loss
from .pairs import Answers as Answers
from .pairs import pair as pair
from .predictions import MAX_TOKENS as MAX_TOKENS
from .predictions import Predictions as Predictions
from .predictions import PredictOptions as PredictOptions
from .predictions import open_scorer as open_scorer
from .predictions import predict as predict
from .scores import OUTCOMES as OUTCOMES
from .scores import Scored as Scored
from .scores import Summary as Summary
from .scores import summarize as summarize
from .stats import Paired as Paired
from .stats import mcnemar as mcnemar
from .stats import paired as paired
from .stats import paired_interval as paired_interval
from .stats import wilson as wilson
from .suite import Suite as Suite
from .suite import suite_of as suite_of
from .wikisql import Official as Official
from .wikisql import official_scores as official_scores

__all__ = [
    "MAX_TOKENS",
    "OUTCOMES",
    "TUTORIAL_PROMPTS",
    "Answers",
    "Baseline",
    "Benchmark",
    "BenchmarkAnswer",
    "BenchmarkOptions",
    "CheckpointScore",
    "CompareOptions",
    "Comparison",
    "Figure",
    "LossResult",
    "Official",
    "Paired",
    "PredictOptions",
    "Predictions",
    "Scored",
    "ScoredBenchmark",
    "ScoredFile",
    "Suite",
    "Summary",
    "bird_scores",
    "common_shape_baseline",
    "compare",
    "mcnemar",
    "measure_checkpoints",
    "measure_loss",
    "official_scores",
    "open_scorer",
    "pair",
    "paired",
    "paired_interval",
    "predict",
    "score",
    "score_checkpoints",
    "score_file",
    "spider_scores",
    "suite_of",
    "summarize",
    "wilson",
]
