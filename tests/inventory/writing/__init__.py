"""The migrations of the app, and one that writes rows: for MIGRATION_MODULES."""
