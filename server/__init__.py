"""The web server: tables, phones, programs, people, the one way in and the way out."""
