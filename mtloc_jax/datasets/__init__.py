"""TFDS datasets of the recordings: one example a walk, whole, as its reader read it.

    from mtloc_jax.datasets import walks
    from mtloc_jax.datasets.mmloc.mmloc_dataset_builder import Builder

    builder = Builder(config="edinburgh", data_dir="sets", file_format="array_record")
    builder.download_and_prepare()
    site = walks.open_site(builder, WindowSpec())

TensorFlow is not needed: hence array_record, which must be asked for, and `as_data_source`.
Nothing outside this package imports tensorflow_datasets.
"""
