"""What is measured: one module each, imported by worker processes alone."""
