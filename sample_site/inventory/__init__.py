"""A small network inventory. Nothing in this package knows that its database has branches."""
