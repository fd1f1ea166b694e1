"""Does it hang on what a wiped point reads which modality is missed most (Fig 5, Table VI)?

  python -m launch.study --config=configs/fills.py:mmloc --config.data_dir=DATA --workdir=DIR

Three readings of a 0: the least reading of training, as in the authors' min-max arrays; 0 in the
sensor's unit, which no magnetometer ever reads; the mean of training. The same networks are judged
under all three.
The paper: wipes to 0 in its scaled arrays; with 40 % wiped IMU is missed most by the frozen branch
(7.99 m), WiFi by the fine-tuned (3.33 m).
Found: yes. Bucharest, fine-tuned 62.5 %, 40 % wiped: least WiFi 6.20 ± 0.17, IMU 5.66 ± 0.40, MAG
5.51 ± 0.26 m; zero MAG 7.90 ± 0.78, WiFi 6.20 ± 0.17, IMU 5.67 ± 0.29 m; mean WiFi 6.22 ± 0.31, MAG
5.25 ± 0.33, IMU 5.18 ± 0.31 m. Scratch and transferred agree: WiFi is missed most but under zero.
Takes: 15 networks, five seeds of each arm, 20 epochs: minutes on two CPU cores. Pairs: see
configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, quickstart
from mtloc_jax.arms import HEADLINE_RATE


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = quickstart.get_config()
    config.study = "fills"
    config.finetune_rates = (HEADLINE_RATE,)
    config.seeds = 5
    config.sweep = ({"wipe.fill": ("least", "zero", "mean")},)
    return pairs.applied(config, pair)
