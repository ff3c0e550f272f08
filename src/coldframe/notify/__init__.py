"""Where notifications go: Amazon SNS or an endpoint like it, and web hooks."""
