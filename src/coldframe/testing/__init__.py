"""Shipped test tools: a fake clock, contract suites, and disks that record, fail and lose power."""
