"""The configuration: flag, environment, file, default, in this order."""
