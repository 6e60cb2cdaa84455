"""The edge: HTTP API, papers and the web page. The only room that knows FastAPI."""
