"""A month of the world, closed day by day: bills fetched, matched, posted; merchants stated and paid."""
