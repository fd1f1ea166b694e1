"""How exactly matrix products are computed: what each library is asked for by one name."""

PRECISIONS = ("float32", "tf32", "bf16")
"""The inputs' mantissas: 23 bits, 10 and 7; sums are float32 always."""

JAX_NAMES = {"float32": "highest", "tf32": "default", "bf16": "BF16_BF16_F32"}
"""By jax.default_matmul_precision: what JAX does unasked on an NVIDIA GPU is TF32."""

TOLERANCES = {"float32": 1e-4, "tf32": 1e-2, "bf16": 5e-2}
"""The largest relative difference of a loss, within the first ten steps, that rounding explains."""
