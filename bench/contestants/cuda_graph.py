"""Work recorded once and launched as one CUDA graph: no Python, no launch gaps."""

from collections.abc import Callable

import torch

_WARM_UPS = 3


def captured(work: Callable[[], None]) -> Callable[[], None]:
    """Return what repeats `work`, which reads and writes the same tensors each time.

    It is done a few times first, as PyTorch asks. Raises RuntimeError where there is no GPU.
    """
    if not torch.cuda.is_available():
        raise RuntimeError("a CUDA graph needs an NVIDIA GPU")
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(_WARM_UPS):
            work()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay
