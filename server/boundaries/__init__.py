"""Outlines of communes and thôn: sent, checked, stored, kept in history, or derived."""
