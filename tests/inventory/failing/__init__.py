"""The migrations of the app, and one that fails at its end: for MIGRATION_MODULES."""
