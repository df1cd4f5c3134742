"""What comes back from a circulated workbook: its scenario, its plan, what was tampered with, what colleagues changed and said."""
