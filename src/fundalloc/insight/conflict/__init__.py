"""Why no plan exists, and what could change so that one does."""
