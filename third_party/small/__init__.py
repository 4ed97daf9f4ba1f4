"""Small apps with models, for libraries that have no tables of their own."""
