"""What stands between the socket and Flask: connections, lanes, proxies, headers that every answer carries."""
