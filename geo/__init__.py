"""Where it is and how much is covered: outlines, points, coverage against targets."""
