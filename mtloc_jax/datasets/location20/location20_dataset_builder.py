"""Two floors of the Indoor Location Competition 2.0."""

from dataclasses import dataclass
from pathlib import Path

import tensorflow_datasets as tfds

from mtloc_jax.datasets import walks
from mtloc_jax.logs import location20
from mtloc_jax.logs.rounds_table import read_places
from mtloc_jax.sites.splits import PAPER, Split

_RAW = "https://raw.githubusercontent.com/location-competition/indoor-location-competition-20"


@dataclass
class Config(tfds.core.BuilderConfig):
    """Hold a floor's folder in the repository; its rounds are in FLOOR.csv beside this module."""

    folder: str = ""
    split: Split = PAPER

    @property
    def rounds(self) -> dict[str, int]:
        """Return trace -> round, in the order of recording."""
        places = read_places(Path(__file__).with_name(f"{self.name}.csv"))
        return {trace: place.number for trace, place in places.items()}


class Builder(tfds.core.GeneratorBasedBuilder):
    """Build a floor from 42 of its traces; files in `manual_dir` need no download."""

    VERSION = tfds.core.Version("1.2.0")
    BUILDER_CONFIGS = [  # noqa: RUF012, the name and form are TFDS's
        Config(name="site1_b1", description="18 minutes, 893 BSSIDs.", folder="site1/B1"),
        Config(name="site2_f1", description="19 minutes, 1980 BSSIDs.", folder="site2/F1"),
    ]

    def _info(self):
        return walks.info(self)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        config = self.builder_config
        folder = f"{_RAW}/master/data/{config.folder}/path_data_files"
        rounds = config.rounds
        paths = dl_manager.download({trace: f"{folder}/{trace}.txt" for trace in rounds})
        return {
            name: self._generate_examples(
                {trace: (paths[trace], n) for trace, n in rounds.items() if n in numbers}
            )
            for name, numbers in config.split._asdict().items()
        }

    def _generate_examples(self, files: dict[str, tuple[Path, int]]):
        return walks.examples(
            walks.from_file(location20.read_trace(Path(path), trace, number), f"{trace}.txt")
            for trace, (path, number) in files.items()
        )
