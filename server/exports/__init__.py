"""Files that people take away: what may stand in their cells, workbooks, and submissions by form."""
