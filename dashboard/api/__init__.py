"""HTTP routes: thin over the functions of the rooms below."""
