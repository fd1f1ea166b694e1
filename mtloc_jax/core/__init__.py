"""The network and its training and judging as pure functions: JAX only, never the disk."""
