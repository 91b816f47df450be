"""The web server: tables, phones, programs, people, the one way in and the way out."""

import gc

# what is imported stays: to look through it for garbage every 700 objects took a sixth of each command's start
gc.set_threshold(20_000, 20, 20)
