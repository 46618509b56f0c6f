from .prompts import prompts_of as prompts_of
from .result import Check as Check
from .result import VerifyResult as VerifyResult
from .runner import check_fits as check_fits
from .runner import verify as verify
from .runner import verify_files as verify_files

__all__ = [
    "Check",
    "VerifyResult",
    "check_fits",
    "prompts_of",
    "verify",
    "verify_files",
]
