"""The edge: HTTP, pages and papers."""
