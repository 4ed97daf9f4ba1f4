"""The version control of the sample site: what `dolt_router`'s API looks like in use."""
