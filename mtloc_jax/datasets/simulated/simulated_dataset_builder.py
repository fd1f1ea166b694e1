"""The two simulated buildings: nobody walked them."""

import tensorflow_datasets as tfds

from mtloc_jax.datasets import walks
from mtloc_jax.sites import buildings
from mtloc_jax.sites.splits import PAPER


class Builder(tfds.core.GeneratorBasedBuilder):
    """Build a simulated building, seed 0, as `buildings.walks` gives it."""

    VERSION = tfds.core.Version("1.2.0")
    BUILDER_CONFIGS = [  # noqa: RUF012, the name and form are TFDS's
        tfds.core.BuilderConfig(name="a", description="The source building, simulated."),
        tfds.core.BuilderConfig(name="b", description="The target building, simulated."),
    ]

    def _info(self):
        return walks.info(self)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        del dl_manager
        return {name: self._generate_examples(numbers) for name, numbers in PAPER._asdict().items()}

    def _generate_examples(self, numbers: tuple[int, ...]):
        rounds, _ = buildings.walks(f"simulated-{self.builder_config.name}", "")
        return walks.examples(walk for walk in rounds if walk.number in numbers)
