"""Studies as tables, CSV, JSON and workbooks: one `Report` each, from which all of them are written."""
