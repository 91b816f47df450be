"""What leaders see: pages, maps, charts."""
