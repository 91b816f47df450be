"""Rules that hold for the whole project; a package, so that its files may be named after those they watch."""
