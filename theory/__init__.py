"""What is true, and why: theorems on random networks, each a chain of checked steps."""
