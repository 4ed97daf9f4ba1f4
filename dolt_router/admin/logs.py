"""The log of a branch, tag or commit."""
