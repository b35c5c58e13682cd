"""The one address on which everything of the course listens: this machine alone can reach it (RFC 1122, 3.2.1.3)."""

HOST = "127.0.0.1"
