"""Does the theory predict what trains? One file an experiment: Config, SIZES, predictions, observe, compare."""
