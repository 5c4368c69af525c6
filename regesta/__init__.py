"""The command line and the local stack: set up, run, watch and ask."""
