"""The service's bytes on disk."""
