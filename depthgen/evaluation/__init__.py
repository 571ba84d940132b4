"""Measuring depth models and picture generators: protocols as data, runner, report."""

from depthgen.evaluation.config import EvaluateConfig, EvaluationData
from depthgen.evaluation.output import write_report
from depthgen.evaluation.protocols import PROTOCOLS, DepthProtocol, PromptProtocol, protocol
from depthgen.evaluation.report import Report, table
from depthgen.evaluation.runner import evaluate
from depthgen.evaluation.statistics import Estimate, bootstrap

__all__ = [
    "PROTOCOLS",
    "DepthProtocol",
    "Estimate",
    "EvaluateConfig",
    "EvaluationData",
    "PromptProtocol",
    "Report",
    "bootstrap",
    "evaluate",
    "protocol",
    "table",
    "write_report",
]
