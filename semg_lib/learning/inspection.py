"""Looking into code and networks from a notebook."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torchinfo
from torch import nn
from torchinfo.layer_info import LayerInfo

from semg_lib.learning.training import History

if TYPE_CHECKING:
    from IPython.display import Markdown


def source(thing: Callable[..., Any]) -> Markdown:
    """Return the source of a class or function, highlighted, without its docstring."""
    from IPython.display import Markdown

    text = inspect.getsource(thing)
    doc = inspect.getdoc(thing)
    if doc and '"""' in text:
        before, _, rest = text.partition('"""')
        text = before.rstrip() + "\n" + rest.partition('"""')[2].lstrip("\n")
    return Markdown(f"```python\n{text}```")


def _layers(network: nn.Module, n_channels: int, n_samples: int) -> list[LayerInfo]:
    """Return what torchinfo says of every module, from the network itself to its last."""
    x = torch.zeros(1, n_channels, n_samples)  # torchinfo's own input would move the random state
    return torchinfo.summary(network, input_data=x, verbose=0).summary_list


def layers(network: nn.Module, n_channels: int, n_samples: int) -> str:
    """Return a network's blocks as text: output shape (without batch) and parameters."""
    whole, *inner = _layers(network, n_channels, n_samples)
    lines = [f"{'block':<12}{'output':<18}{'parameters':>10}"]
    for block in inner:
        if block.depth == 1:
            shape = " x ".join(str(each) for each in block.output_size[1:])
            lines.append(f"{block.var_name:<12}{shape:<18}{block.num_params:>10,}")
    return "\n".join([*lines, f"{'in all':<30}{whole.num_params:>10,}"])


def multiply_adds(network: nn.Module, n_channels: int, n_samples: int) -> int:
    """Return how many multiplications and additions one window costs, in pairs.

    Convolutions and dense layers are counted; the rest is small beside them.
    """
    return sum(costs(network, n_channels, n_samples))


def costs(network: nn.Module, n_channels: int, n_samples: int) -> list[int]:
    """Return what `multiply_adds` counts of each layer, from first to last.

    A layer that meets a window's samples one by one counts for each. Weights are multiplied,
    biases only added; torchinfo's own count takes both as pairs.
    """
    return [
        math.prod(layer.output_size) * layer.module.weight[0].numel()
        for layer in _layers(network, n_channels, n_samples)
        if isinstance(layer.module, nn.Conv2d | nn.Linear)
    ]


def latency_ms(network: nn.Module, n_channels: int, n_samples: int, *, repeats: int = 30) -> float:
    """Return the median time for one window on this machine's processor, in milliseconds."""
    x = torch.zeros(1, n_channels, n_samples)
    was_training = network.training
    seconds = []
    with torch.no_grad():
        network.eval()
        for _ in range(repeats):
            began = time.perf_counter()
            network(x)
            seconds.append(time.perf_counter() - began)
    network.train(was_training)
    return 1000 * float(np.median(seconds))


def rows_reached(
    layers: Iterable[nn.Module], n_channels: int, n_samples: int, *, row: int
) -> list[int]:
    """Return how many rows (electrodes) of each layer's output depend on one row of the input.

    Parameters
    ----------
    layers : iterable of Module
        Applied one after the other to (batch, 1, electrode, time).
    n_channels, n_samples : int
    row : int
        The electrode that is silenced.
    """
    x = torch.randn(1, 1, n_channels, n_samples, generator=torch.Generator().manual_seed(0))
    silent = x.clone()
    silent[:, :, row] = 0
    reached = []
    with torch.no_grad():
        for layer in layers:
            layer.eval()
            x, silent = layer(x), layer(silent)
            reached.append(int((x != silent).any(dim=3).any(dim=1).sum()))
    return reached


def signal_scales(network: nn.Module, x: np.ndarray) -> dict[str, float]:
    """Return how much each block's output differs between windows.

    It is the standard deviation over windows, its root mean square over the block's outputs.

    Parameters
    ----------
    network : Module
    x : ndarray (window, channel, time)
    """
    outputs: dict[str, torch.Tensor] = {}
    hooks = [
        child.register_forward_hook(lambda _, __, out, name=name: outputs.update({name: out}))
        for name, child in network.named_children()
    ]
    with torch.no_grad():
        network(torch.as_tensor(x))
    for hook in hooks:
        hook.remove()
    return {name: float(out.var(dim=0).mean().sqrt()) for name, out in outputs.items()}


def step_sizes(
    network: nn.Module, x: np.ndarray, target: np.ndarray, *, rate: float
) -> dict[str, float]:
    """Return how far one step of gradient descent moves each block, over the size of its weights.

    Parameters
    ----------
    network : Module
    x : ndarray (window, channel, time)
    target : ndarray (window,)
        Each window's class, counted from 0; the loss is the mean cross entropy.
    rate : float
        Learning rate, without momentum.
    """
    network.zero_grad()
    loss = nn.functional.cross_entropy(network(torch.as_tensor(x)), torch.as_tensor(target))
    loss.backward()
    moved = {}
    for name, block in network.named_children():
        weights = list(block.parameters())
        if not weights:
            continue
        step = nn.utils.get_total_norm([each.grad for each in weights if each.grad is not None])
        moved[name] = rate * float(step / nn.utils.get_total_norm(weights))
    return moved


def epoch_printer(every: int = 5) -> Callable[[int, History], None]:
    """Return what `training.fit` can report to: it prints every n-th epoch's loss."""

    def report(epoch: int, history: History) -> None:
        if epoch == 1 or epoch % every == 0:
            loss, accuracy = history.loss[-1], history.accuracy[-1]
            print(f"epoch {epoch}: loss {loss:.3f}, training accuracy {accuracy:.3f}")

    return report
