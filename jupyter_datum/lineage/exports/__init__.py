"""The ledger in the words of others: OpenLineage events, a Process Run Crate, a flat table."""
