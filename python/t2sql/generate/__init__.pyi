from .answer import Answer as Answer
from .answer import Status as Status
from .answer import Timings as Timings
from .answer import choose_by_votes as choose_by_votes
from .answer import doubts_about as doubts_about
from .answer import is_rated as is_rated
from .ask_options import MAX_BEAM as MAX_BEAM
from .ask_options import AskOptions as AskOptions
from .ask_options import GrammarOption as GrammarOption
from .ask_options import Values as Values
from .asker import Asker as Asker
from .asker import FailedStatement as FailedStatement
from .asker import check_question as check_question
from .asker import grammar_for as grammar_for
from .asking import AskKeywords as AskKeywords
from .asking import Subject as Subject
from .asking import ask as ask
from .backend import Backend as Backend
from .backend import BackendOptions as BackendOptions
from .beam_llama import LlamaBeams as LlamaBeams
from .gaps import omissions as omissions
from .llama import LlamaBackend as LlamaBackend
from .mlx import MlxBackend as MlxBackend
from .openai import OpenAIBackend as OpenAIBackend
from .opening import BACKENDS as BACKENDS
from .opening import open_backend as open_backend
from .request import Cancelled as Cancelled
from .request import Generation as Generation
from .request import OnResult as OnResult
from .request import OnText as OnText
from .request import Request as Request
from .request import TokenLogprob as TokenLogprob
from .request import never as never
from .statement import first_statement as first_statement
from .worker_thread import WorkerThread as WorkerThread

__all__ = [
    "BACKENDS",
    "MAX_BEAM",
    "Answer",
    "AskKeywords",
    "AskOptions",
    "Asker",
    "Backend",
    "BackendOptions",
    "Cancelled",
    "FailedStatement",
    "Generation",
    "GrammarOption",
    "LlamaBackend",
    "LlamaBeams",
    "MlxBackend",
    "OnResult",
    "OnText",
    "OpenAIBackend",
    "Request",
    "Status",
    "Subject",
    "Timings",
    "TokenLogprob",
    "Values",
    "WorkerThread",
    "ask",
    "check_question",
    "choose_by_votes",
    "doubts_about",
    "first_statement",
    "grammar_for",
    "is_rated",
    "never",
    "omissions",
    "open_backend",
]
