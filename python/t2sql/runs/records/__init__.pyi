from .answers import Answer as Answer
from .answers import read_answers as read_answers
from .checkpoints import ChosenCheckpoint as ChosenCheckpoint
from .checkpoints import TestedCheckpoint as TestedCheckpoint
from .checkpoints import Threshold as Threshold
from .checkpoints import TrainedCheckpoint as TrainedCheckpoint
from .checkpoints import ValidationScore as ValidationScore
from .codec import ABSENT as ABSENT
from .codec import Json as Json
from .codec import JsonObject as JsonObject
from .codec import Record as Record
from .codec import RecordError as RecordError
from .comparison import FEW_ANSWERS as FEW_ANSWERS
from .comparison import ComparedAnswer as ComparedAnswer
from .comparison import ComparedQuestion as ComparedQuestion
from .comparison import ComparisonRow as ComparisonRow
from .comparison import Pair as Pair
from .comparison import Trust as Trust
from .comparison import asked_fewer as asked_fewer
from .comparison import asked_most as asked_most
from .comparison import best_score as best_score
from .config import Machine as Machine
from .config import RecordedModel as RecordedModel
from .config import RunConfig as RunConfig
from .config import RunHead as RunHead
from .event_kinds import EVENTS as EVENTS
from .event_kinds import event_from_json as event_from_json
from .events import VERSION as VERSION
from .events import EndEvent as EndEvent
from .events import ErrorEvent as ErrorEvent
from .events import Event as Event
from .events import ProgressEvent as ProgressEvent
from .events import StartEvent as StartEvent
from .events import UnknownEvent as UnknownEvent
from .events import WarningEvent as WarningEvent
from .model_files import Check as Check
from .model_files import VerifiedFile as VerifiedFile
from .model_files import WrittenFile as WrittenFile
from .predictions import Measure as Measure
from .predictions import Prediction as Prediction
from .predictions import read_predictions as read_predictions
from .predictions import write_predictions as write_predictions
from .report import Failures as Failures
from .report import FileFailures as FileFailures
from .report import Improvement as Improvement
from .report import Report as Report
from .report import ReportedFile as ReportedFile
from .report import ReportedRun as ReportedRun
from .report import ReportedStage as ReportedStage
from .report import ReportedTraining as ReportedTraining
from .report import ReportedWarning as ReportedWarning
from .report import TrainPoint as TrainPoint
from .report import ValidPoint as ValidPoint
from .report import Verdict as Verdict
from .report import WrongAnswer as WrongAnswer
from .stage_events import CheckpointEvent as CheckpointEvent
from .stage_events import LossEvent as LossEvent
from .stage_events import ScheduleEvent as ScheduleEvent
from .stage_events import ScoreEvent as ScoreEvent
from .stage_events import TrainEvent as TrainEvent
from .stage_events import TrainStartEvent as TrainStartEvent
from .stage_events import ValidEvent as ValidEvent
from .stage_events import VerifyEvent as VerifyEvent
from .stage_record import StageOutput as StageOutput
from .stage_record import StageRecord as StageRecord
from .stage_record import StagesFile as StagesFile
from .stage_record import StageState as StageState
from .stages import RESULTS as RESULTS
from .stages import STAGES as STAGES
from .stages import CompareResult as CompareResult
from .stages import ConvertResult as ConvertResult
from .stages import DataResult as DataResult
from .stages import FuseResult as FuseResult
from .stages import QuantizeResult as QuantizeResult
from .stages import ReportResult as ReportResult
from .stages import StageResult as StageResult
from .stages import TestResult as TestResult
from .stages import TrainResult as TrainResult
from .stages import VerifyResult as VerifyResult
from .training_state import LossWindow as LossWindow
from .training_state import PatienceState as PatienceState
from .training_state import TimedSchedule as TimedSchedule
from .training_state import TrainingState as TrainingState

__all__ = [
    "ABSENT",
    "EVENTS",
    "FEW_ANSWERS",
    "RESULTS",
    "STAGES",
    "VERSION",
    "Answer",
    "Check",
    "CheckpointEvent",
    "ChosenCheckpoint",
    "CompareResult",
    "ComparedAnswer",
    "ComparedQuestion",
    "ComparisonRow",
    "ConvertResult",
    "DataResult",
    "EndEvent",
    "ErrorEvent",
    "Event",
    "Failures",
    "FileFailures",
    "FuseResult",
    "Improvement",
    "Json",
    "JsonObject",
    "LossEvent",
    "LossWindow",
    "Machine",
    "Measure",
    "Pair",
    "PatienceState",
    "Prediction",
    "ProgressEvent",
    "QuantizeResult",
    "Record",
    "RecordError",
    "RecordedModel",
    "Report",
    "ReportResult",
    "ReportedFile",
    "ReportedRun",
    "ReportedStage",
    "ReportedTraining",
    "ReportedWarning",
    "RunConfig",
    "RunHead",
    "ScheduleEvent",
    "ScoreEvent",
    "StageOutput",
    "StageRecord",
    "StageResult",
    "StageState",
    "StagesFile",
    "StartEvent",
    "TestResult",
    "TestedCheckpoint",
    "Threshold",
    "TimedSchedule",
    "TrainEvent",
    "TrainPoint",
    "TrainResult",
    "TrainStartEvent",
    "TrainedCheckpoint",
    "TrainingState",
    "Trust",
    "UnknownEvent",
    "ValidEvent",
    "ValidPoint",
    "ValidationScore",
    "Verdict",
    "VerifiedFile",
    "VerifyEvent",
    "VerifyResult",
    "WarningEvent",
    "WrittenFile",
    "WrongAnswer",
    "asked_fewer",
    "asked_most",
    "best_score",
    "event_from_json",
    "read_answers",
    "read_predictions",
    "write_predictions",
]
