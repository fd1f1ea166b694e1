"""MMLoc's two buildings, from the CSVs its authors published."""

from dataclasses import dataclass
from pathlib import Path

import tensorflow_datasets as tfds

from mtloc_jax.datasets import walks
from mtloc_jax.logs import mmloc_csv
from mtloc_jax.logs.mmloc_csv import Layout
from mtloc_jax.sites.buildings import BUCHAREST_SPLIT
from mtloc_jax.sites.splits import PAPER, Split

_RAW = "https://raw.githubusercontent.com"


@dataclass
class Config(tfds.core.BuilderConfig):
    """Hold a building's layout, split and addresses; `{}` in `url` is the round."""

    layout: Layout = mmloc_csv.EDINBURGH
    split: Split = PAPER
    url: str = ""


class Builder(tfds.core.GeneratorBasedBuilder):
    """Build MMLoc's Edinburgh or Bucharest; files in `manual_dir` need no download."""

    VERSION = tfds.core.Version("1.2.0")
    BUILDER_CONFIGS = [  # noqa: RUF012, the name and form are TFDS's
        Config(
            name="edinburgh",
            description="14 rounds of one loop, 43 minutes.",
            layout=mmloc_csv.EDINBURGH,
            split=PAPER,
            url=f"{_RAW}/geekwxj/mmloc_edinburgh/model/sensordata/sensor_wifi_timestep100_{{}}.csv",
        ),
        Config(
            name="bucharest",
            description="8 rounds of one route, 12 minutes.",
            layout=mmloc_csv.BUCHAREST,
            split=BUCHAREST_SPLIT,
            url=f"{_RAW}/weixijia/mmloc_bucharest/model/sensordata/sensor_wifi_1_{{}}_timestep100.csv",
        ),
    ]

    def _info(self):
        return walks.info(self)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        config = self.builder_config
        urls = {n: config.url.format(n) for rounds in config.split for n in rounds}
        paths = dl_manager.download(urls)
        return {
            name: self._generate_examples({n: (paths[n], urls[n]) for n in rounds})
            for name, rounds in config.split._asdict().items()
        }

    def _generate_examples(self, files: dict[int, tuple[Path, str]]):
        layout = self.builder_config.layout
        return walks.examples(
            walks.from_file(mmloc_csv.read_round(Path(path), layout, number), url)
            for number, (path, url) in files.items()
        )
