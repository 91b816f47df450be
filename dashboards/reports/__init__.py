"""The official report: what it says, its Word and PDF files, its pages, and what has changed since it was issued."""
