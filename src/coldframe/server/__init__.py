"""The vault service on the network: one HTTP server in front of the face (ADR 0025)."""
