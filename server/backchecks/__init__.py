"""Second visits: the weekly draw by lot, how far they agree with the first, and the sentence that says so."""
