"""What is said about the theorems: the command line, tables and figures."""
