"""Training: data sets, fleets of networks that learn side by side, and the papers' experiments."""
