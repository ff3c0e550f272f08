"""The service's facts in SQLite: vaults, archives, parts, uploads, jobs."""
