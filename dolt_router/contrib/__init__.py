"""Optional parts, one file each: each imports what it needs and nothing imports it."""
