"""Many runs as few programs: grid, replica axis, chunks, the study and its folder."""
