"""What can go wrong with a stack.

StackError                    a stack cannot be started or used
├── PlanError                 what is asked for cannot be run
├── StackRunningError         there is a stack in that folder already
└── SupervisorGoneError       the supervisor does not answer (any more)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atelier_local.stack import Stack


class StackError(Exception):
    """The stack cannot be started or used; the message says why and shows the end of the log that tells."""


class PlanError(StackError):
    """What is asked for cannot be run; the message says why and what can."""


class StackRunningError(StackError):
    """There is a stack in that folder already."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(f"a stack is running already in {stack.state_dir}")
        self.stack = stack


class SupervisorGoneError(StackError):
    """The supervisor does not answer, or not any more."""
