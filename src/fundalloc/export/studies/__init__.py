"""Studies as tables, CSV, JSON and workbooks: one `Report` each, from which all of them are written."""

from __future__ import annotations

from fundalloc.export.studies.report import Report, as_dict, write_book, write_tables

__all__ = ["Report", "as_dict", "write_book", "write_tables"]
