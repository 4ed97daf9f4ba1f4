"""The embedded engine: a Dolt database in a file, with nothing to install but wheels."""
