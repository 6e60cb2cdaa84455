"""One engine, one module per aggregate; rows never leave this package."""
