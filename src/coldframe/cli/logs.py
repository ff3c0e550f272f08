"""`--log-file`: what a run does, for whoever was not there."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from coldframe.cli.exits import Exit, exit_for
from coldframe.cli.options import FILE, Parsed
from coldframe.settings import LOG_FORMS, parse_log_keep, parse_log_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.cli.app import App

_FLAGS = ("log_file", "log_size", "log_keep", "log_form")


def log_options(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--log-file` and how it rotates, for the command `name`; stands right above the function, below `pass_obj`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def logged(app: App, /, *arguments: Any, **options: Any) -> Any:
            app.settle(**{flag: options.pop(flag) for flag in _FLAGS})
            if click.get_current_context().invoked_subcommand:  # which says for itself what it does
                return function(app, *arguments, **options)
            return _run(app, name, lambda: function(app, *arguments, **options))

        command: Callable[..., Any] = logged
        for option in _options():
            command = option(command)
        return command

    return decorate


def _options() -> tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...]:
    return (
        click.option("--log-form", type=click.Choice(LOG_FORMS), help="How lines of the log look.  [default: text]"),
        click.option(
            "--log-keep", type=Parsed("number", parse_log_keep), help="How many older logs are kept.  [default: 5]"
        ),
        click.option(
            "--log-size", type=Parsed("size", parse_log_size), help="Begin a new log beyond this.  [default: 10MiB]"
        ),
        click.option("--log-file", type=FILE, metavar="FILE", help="Log what is done to this file, which rotates."),
    )


def _run(app: App, name: str, work: Callable[[], Any]) -> Any:
    """Do the work, with its beginning, its talk and its end in the log that the settings name, if they name one."""
    settings = app.settings
    if settings.log_file is None:
        return work()
    from coldframe.composition.run_log import LogPlace, RunLog  # noqa: PLC0415 - start-up time

    place = LogPlace(path=settings.log_file, size=settings.log_size, keep=settings.log_keep, form=settings.log_form)
    log = RunLog(place, command=name, observer=app.observe)
    log.begin()
    app.log = log
    try:
        code = work()
    except BaseException as error:
        from coldframe.cli.main import describe  # noqa: PLC0415 - it loads us

        log.end(exit_for(error), describe(error) if isinstance(error, Exception) else "interrupted")
        raise
    else:
        log.end(code or Exit.DONE)
        return code
    finally:
        app.log = None
