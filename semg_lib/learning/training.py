"""Training one network: an explicit loop that a reader can follow."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from semg_lib.errors import check_name
from semg_lib.learning.precision import PRECISIONS, computing
from semg_lib.learning.settings import setting
from semg_lib.signals.windows import Batches

Augmentation = Callable[[Tensor, torch.Generator], Tensor]
INITIAL = ("pytorch", "he", "matconvnet")
SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: stochastic gradient descent with momentum.

    Raises
    ------
    ValueError
        If a name is unknown or a number cannot train.
    """

    learning_rate: float = setting(0.01, "A", "step size of gradient descent")
    momentum: float = setting(0.9, "A", "share of the last step that is kept")
    weight_decay: float = setting(0.0005, "A", "pull of the weights towards zero")
    batch_size: int = setting(256, "A", "windows a step")
    epochs: int = setting(30, "A", "passes over the training windows")
    loss: str = setting("mean", "A", "cross entropy of a batch: its mean or sum")
    schedule: str = setting("constant", "A", "learning rate over the epochs: constant or cosine")
    initial: str = setting("pytorch", "A", "initial weights: pytorch, he or matconvnet")
    bias_rate: float = setting(1.0, "A", "learning rate of biases over that of weights")
    augment: bool = setting(False, "A", "train on every window twice, once changed")
    precision: str = setting("float32", "A", "float32, bfloat16, or auto: whichever is faster")
    marks: Mapping[str, str] = field(default_factory=dict)  # where they differ from the above

    def __post_init__(self) -> None:
        for name, known in (
            ("loss", ("mean", "sum")),
            ("schedule", SCHEDULES),
            ("initial", INITIAL),
            ("precision", PRECISIONS),
        ):
            check_name(name, getattr(self, name), known)
        for name in ("learning_rate", "batch_size", "epochs"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected more than 0")


@dataclass
class History:
    """What training did, one entry an epoch."""

    loss: list[float] = field(default_factory=list)  # mean over the training windows
    accuracy: list[float] = field(default_factory=list)  # on the training windows, while training


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch (every device)."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pick_device(name: str = "auto") -> str:
    """Return ``"cuda"`` if it is asked for, or if ``"auto"`` is and there is one, else the CPU.

    Raises
    ------
    ValueError
        If a GPU is asked for and there is none.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device {name!r} is not there; use 'auto' or 'cpu'")
    return name


def initialise(network: nn.Module, how: str) -> nn.Module:
    """Draw initial weights of every convolution and dense layer.

    Parameters
    ----------
    network : Module
    how : {"pytorch", "he", "matconvnet"}
        ``pytorch`` leaves PyTorch's own: uniform, with standard deviation
        1 / sqrt(3 fan_in). ``he`` is normal with sqrt(2 / fan_in), which keeps the signal's
        power through ReLU layers (He et al. 2015, doi:10.1109/ICCV.2015.123). ``matconvnet`` is
        normal with 0.01 in the first layer and 0.05 in the others, as in the CIFAR-10 example
        that comes with MatConvNet. The last two set biases to zero.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    check_name("initial", how, INITIAL)
    if how == "pytorch":
        return network
    layers = [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.Linear)]
    for i, layer in enumerate(layers):
        if how == "he":
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        else:
            nn.init.normal_(layer.weight, std=0.01 if i == 0 else 0.05)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return network


def build(make: Callable[[], nn.Module], recipe: Recipe, *, seed: int = 0) -> nn.Module:
    """Return an untrained network with the recipe's initial weights.

    Everything is seeded first, so that the same seed gives the same weights.
    """
    seed_everything(seed)
    return initialise(make(), recipe.initial)


def encode(label: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Turn labels into indices of ``classes``.

    Raises
    ------
    ValueError
        If a label is none of the classes.
    """
    strangers = set(np.unique(label).tolist()) - set(np.asarray(classes).tolist())
    if strangers:
        raise ValueError(f"labels {sorted(strangers)} are not among the classes {list(classes)}")
    return np.searchsorted(classes, label)


def fit(
    network: nn.Module,
    windows: Batches,
    classes: np.ndarray,
    recipe: Recipe,
    *,
    seed: int = 0,
    device: str = "cpu",
    augmentation: Augmentation | None = None,
    report: Callable[[int, History], None] | None = None,
) -> History:
    """Train a network, in place.

    Parameters
    ----------
    network : Module
        Takes (batch, channel, time) and returns logits (batch, class).
    windows : Windows
        Training windows, or anything else that gives batches; the signal is put on the device
        once and batches are gathered there.
    classes : ndarray (class,), int
        Sorted labels; logit i stands for ``classes[i]``.
    recipe : Recipe
    seed : int
        Fixes the order of windows and the noise; the caller seeds the initial weights.
    device : str
    augmentation : callable, optional
        Makes the changed copy of a batch where ``recipe.augment`` asks for one.
    report : callable, optional
        Called after every epoch with the epoch's number and the history.

    Returns
    -------
    History

    Warns
    -----
    RuntimeWarning
        If the loss is no longer finite; training stops there.

    Raises
    ------
    ValueError
        If there is no window, or ``recipe.augment`` is set without an augmentation.
    """
    if not len(windows):
        raise ValueError("no window to train on: check movements, repetitions and window length")
    if recipe.augment and augmentation is None:
        raise ValueError("the recipe augments: pass augmentation, or set augment to False")
    # Without this cuDNN picks its algorithms by timing them, and runs differ.
    torch.backends.cudnn.deterministic = True
    network.to(device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    data = windows.to(device)
    target = torch.as_tensor(encode(windows.label, classes), device=device)
    optimiser = _optimiser(network, recipe)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, schedule(recipe))
    order = torch.Generator().manual_seed(seed)
    noise = torch.Generator(device).manual_seed(seed)
    n = len(windows)
    copies = 2 if recipe.augment else 1
    history = History()
    for epoch in range(1, recipe.epochs + 1):
        total, correct = torch.zeros((), device=device), torch.zeros((), device=device)
        # The whole epoch's order goes to the device at once: no step waits for a copy.
        permutation = torch.randperm(copies * n, generator=order).to(device)
        for index in permutation.split(recipe.batch_size):
            window = index % n
            x, y = data.gather(window), target[window]
            if recipe.augment and augmentation:  # indices from n on stand for the changed copies
                x = torch.where((index >= n)[:, None, None], augmentation(x, noise), x)
            with computing(recipe.precision, device):
                logits = network(x)
            logits = logits.float()
            loss = nn.functional.cross_entropy(logits, y, reduction=recipe.loss)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.detach() * (len(y) if recipe.loss == "mean" else 1)
            correct += (logits.detach().argmax(1) == y).sum()
        scheduler.step()
        history.loss.append(total.item() / (copies * n))
        history.accuracy.append(correct.item() / (copies * n))
        if report:
            report(epoch, history)
        if not math.isfinite(history.loss[-1]):
            warnings.warn(
                f"the loss is {history.loss[-1]} after epoch {epoch}: training stopped; "
                f"lower the learning rate ({recipe.learning_rate:g})",
                RuntimeWarning,
                stacklevel=2,
            )
            break
    network.eval()
    return history


def predict(
    network: nn.Module, windows: Batches, classes: np.ndarray, *, precision: str = "float32"
) -> np.ndarray:
    """Return the most likely label of each window, (window,)."""
    return np.asarray(classes)[scores(network, windows, precision=precision).argmax(1)]


@torch.no_grad()
def scores(
    network: nn.Module, windows: Batches, *, precision: str = "float32", batch_size: int = 4096
) -> np.ndarray:
    """Return class probabilities of each window, (window, class) float32."""
    network.eval()
    device = next(network.parameters()).device
    data = windows.to(device)
    parts = []
    for index in torch.arange(len(data), device=device).split(batch_size):
        with computing(precision, device):
            logits = network(data.gather(index))
        parts.append(logits.float().softmax(1).cpu())
    return torch.cat(parts).numpy()


def _optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    biases = [p for name, p in network.named_parameters() if name.endswith("bias")]
    weights = [p for name, p in network.named_parameters() if not name.endswith("bias")]
    rate = recipe.learning_rate
    groups: list[dict[str, Any]] = [
        {"params": weights},
        {"params": biases, "lr": rate * recipe.bias_rate},
    ]
    return torch.optim.SGD(
        groups,
        lr=rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
    )


def schedule(recipe: Recipe) -> Callable[[int], float]:
    """Return the learning rate of each epoch, from 0, over that of the recipe."""
    if recipe.schedule == "constant":
        return lambda epoch: 1.0
    return lambda epoch: 0.5 * (1 + math.cos(math.pi * epoch / recipe.epochs))
