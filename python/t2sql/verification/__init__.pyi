from .prompts import prompts_of as prompts_of
from .result import Check as Check
from .result import VerifyResult as VerifyResult
from .runner import check_fits as check_fits
from .runner import verify as verify
from .runner import verify_files as verify_files
from .scorers import SCORE_BACKENDS as SCORE_BACKENDS
from .scorers import ScoreBackend as ScoreBackend
from .scorers import ScoreOptions as ScoreOptions
from .text_perplexity import Divergence as Divergence
from .text_perplexity import Estimate as Estimate
from .text_perplexity import PerplexityResult as PerplexityResult
from .text_perplexity import perplexity as perplexity

__all__ = [
    "SCORE_BACKENDS",
    "Check",
    "Divergence",
    "Estimate",
    "PerplexityResult",
    "ScoreBackend",
    "ScoreOptions",
    "VerifyResult",
    "check_fits",
    "perplexity",
    "prompts_of",
    "verify",
    "verify_files",
]
