"""MTLoc in JAX: transfer learning for indoor positioning from a phone's last second."""

__version__ = "0.1.0"
