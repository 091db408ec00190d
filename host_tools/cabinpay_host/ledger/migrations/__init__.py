"""How ledgers of earlier versions become ledgers of this one: one file in versions/ for each version, never changed."""
