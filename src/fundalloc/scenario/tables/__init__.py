"""Tables of a scenario: CSV files, worksheets and inline rows, read into one form."""
