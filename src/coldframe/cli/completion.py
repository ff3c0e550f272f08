"""`coldframe completion`: the script that makes a shell complete our commands and options."""

from __future__ import annotations

import click

from coldframe.cli.command import Command

SHELLS = ("bash", "zsh", "fish", "powershell")


@click.command(
    cls=Command,
    examples=(
        "coldframe completion bash >> ~/.bashrc",
        "coldframe completion zsh >> ~/.zshrc",
        "coldframe completion fish > ~/.config/fish/completions/coldframe.fish",
        "coldframe completion powershell >> $PROFILE",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS, case_sensitive=False))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL: bash, zsh, fish or powershell.

    Put it where the shell reads it at its start, as in the examples, and open a new shell.
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only here

    completion = get_completion_class(shell)
    if completion is None:  # only if click drops a shell that it has today
        raise click.UsageError(f"There is no completion for {shell}.")
    script = completion(context.find_root().command, {}, "coldframe", "_COLDFRAME_COMPLETE")
    click.echo(script.source())
