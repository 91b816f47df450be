"""What is asked and what an answer means: XLSForms, their definitions, submitted answers, findings, plans."""
