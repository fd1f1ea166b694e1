"""See the README beside."""
