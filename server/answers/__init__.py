"""Submissions of a form as one reader may see them: their area, filtered and ordered by what was answered, by pages."""
