"""TFDS datasets of the recordings: one example a walk, whole, as its reader read it.

    from mtloc_jax.datasets import walks

    walks.prepare("mmloc/edinburgh", "sets")

makes what `open_recordings("tfds:mmloc/edinburgh", "sets")` opens, and with it a config whose
`target` is "tfds:mmloc/edinburgh" and whose `data_dir` is "sets".

TensorFlow is not needed: hence array_record, which must be asked for, and `as_data_source`.
Nothing outside this package imports tensorflow_datasets.
"""
