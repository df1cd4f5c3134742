"""Plan → files: Excel workbook, CSV tables, JSON."""
