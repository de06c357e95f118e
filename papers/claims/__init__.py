"""The claims of the papers, each with a verdict that is computed."""
