"""What may be wrong with an officer's workbook, told in Vietnamese by sheet, row and column."""
