"""Backup and restore: everything that an installation knows in one file, whatever its database (docs/operations.md)."""
