"""Where objects are made: the one module that sees every adapter."""
