"""The migrations of the app, and one that renames a model: for MIGRATION_MODULES."""
