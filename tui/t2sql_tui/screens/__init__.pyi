from .ask import AskScreen as AskScreen
from .compare import CompareScreen as CompareScreen
from .confirm import ConfirmScreen as ConfirmScreen
from .differ import DifferScreen as DifferScreen
from .export import ExportScreen as ExportScreen
from .help import HelpScreen as HelpScreen
from .questions import QuestionsScreen as QuestionsScreen
from .run import RunScreen as RunScreen
from .runs import RunsScreen as RunsScreen
from .start import Order as Order
from .start import StartScreen as StartScreen

__all__ = [
    "AskScreen",
    "CompareScreen",
    "ConfirmScreen",
    "DifferScreen",
    "ExportScreen",
    "HelpScreen",
    "Order",
    "QuestionsScreen",
    "RunScreen",
    "RunsScreen",
    "StartScreen",
]
