"""Our own record of what went where, and of work in progress."""
