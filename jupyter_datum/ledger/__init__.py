"""The ledger: what ran, what became of each datum, and who made which file."""
