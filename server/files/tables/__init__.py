"""The one reader of tables that people bring from Excel, as CSV or by the clipboard."""
