"""What the law gives persons over their data: requests, extracts, deletion, retention, breaches."""
