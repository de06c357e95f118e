"""What the theorems give as numbers, and whether sampled networks agree."""
