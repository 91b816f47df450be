"""Ports of loopback for servers of tests."""

import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
