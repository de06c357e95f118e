"""How every command ends: its exit status, and a complaint in one line instead of a traceback.

0 all hold, 1 something does not, 2 bad usage, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from papers.arguments import BadUsage, NotHad
from papers.terminal import complain

INTERRUPTED = 130  # what shells say of a process ended by Ctrl-C


class Commands(TyperGroup):
    """A group of commands, each of which returns its exit status or None for 0."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, complain if need be, and exit with the status; without `standalone_mode` return it."""
        try:
            status = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except (BadUsage, NotHad) as refusal:
            complain(str(refusal))
            status = 2 if isinstance(refusal, BadUsage) else 1
        except Exception as problem:
            if not hasattr(
                problem, "format_message"
            ):  # typer's own errors, wherever its version defines them
                raise
            complain(f"{problem.format_message()} See 'initium --help'.")
            status = 2
        if standalone_mode:
            sys.exit(status or 0)
        return status

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named; Ctrl-C is an exit status too."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            complain("interrupted")
            raise typer.Exit(INTERRUPTED) from None
