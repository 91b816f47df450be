"""What may be taken away: the coverage of a commune and its submissions, as files."""
