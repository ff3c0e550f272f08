"""The command line: thin. It reads flags, calls the library, prints; one file per command."""
