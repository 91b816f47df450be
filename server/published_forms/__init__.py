"""Forms in use: drafts, publication, versions, and how a submission is read by them."""
