"""Serving requests: the daemon's process, its sockets, its queue. Knows messages and bytes, not pixels."""
