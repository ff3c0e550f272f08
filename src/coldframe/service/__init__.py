"""The vault service: what a vault, an archive, an upload and a job are. Blob first, then fact."""
