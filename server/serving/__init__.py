"""What stands between the socket and Flask: workers, proxies, headers that every answer carries."""
