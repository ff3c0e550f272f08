"""The way in: scan, bundle, cut, upload, record."""
