"""Training one architecture for many subjects, seeds or folds at once on one device.

A network of the papers in this book is so small that a GPU spends more time on starting kernels
than on running them. Stacked, many networks are one: every parameter has a first axis over them.
Each keeps its own windows, order and noise, and ends where `training.fit` would have brought it
alone, up to rounding. Dropout is the exception: its masks are drawn for the whole stack, so with
dropout what a network learns depends on how many are in it. An outcome says how many were
(``stacked``). On a CPU stacked convolutions stay in float32: `torch.vmap` takes them past autocast.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from semg_lib.learning import training
from semg_lib.learning.precision import computing
from semg_lib.learning.training import Augmentation, History, Recipe
from semg_lib.signals.windows import Windows


def fit_many(
    networks: Sequence[nn.Module],
    windows: Sequence[Windows],
    classes: Sequence[np.ndarray],
    recipe: Recipe,
    *,
    seeds: Sequence[int],
    device: str = "cpu",
    augmentations: Sequence[Augmentation | None] | None = None,
    compiled: bool = False,
) -> list[History]:
    """Train networks of one architecture, in place, each on windows of its own.

    Parameters
    ----------
    networks : sequence of Module
        Each with its own initial weights; those of one size train as one.
    windows, classes, seeds, augmentations : sequence
        Of each network: training windows, sorted labels, the seed of order and noise and, where
        ``recipe.augment`` asks for one, what changes a batch.
    recipe : Recipe
    device : str
    compiled : bool
        Compile the networks, on a GPU to CUDA graphs. The first steps take longer, and rounding
        differs.

    Returns
    -------
    list of History

    Warns
    -----
    RuntimeWarning
        If a loss is no longer finite; that network's training stops there.

    Raises
    ------
    ValueError
        If lengths differ, a network has no window, or the recipe augments without augmentations.
    """
    augmentations = augmentations or [None] * len(networks)
    lengths = {len(each) for each in (networks, windows, classes, seeds, augmentations)}
    if len(lengths) != 1:
        raise ValueError(f"networks, windows, classes and seeds must be as many, got {lengths}")
    if not all(map(len, windows)):
        raise ValueError("no window to train on: check movements, repetitions and window length")
    if recipe.augment and None in augmentations:
        raise ValueError("the recipe augments: pass augmentations, or set augment to False")
    torch.backends.cudnn.deterministic = True  # see `training.fit`
    histories = [History() for _ in networks]
    given: list[Sequence[Any]] = [networks, windows, classes, seeds, augmentations]
    for members in alike(networks, windows):
        chosen, own, names, orders, noises = ([each[i] for i in members] for each in given)
        stack = _Stack.of(chosen, recipe, device, compiled)
        _fit_alike(stack, _Data.of(own, names, orders, noises, recipe, device), histories, members)
        stack.leave(chosen)
    return histories


def alike(networks: Sequence[nn.Module], windows: Sequence[Windows]) -> list[list[int]]:
    """Return which networks are of one architecture on windows of one shape, by position."""
    groups: dict[tuple, list[int]] = {}
    for i, (network, own) in enumerate(zip(networks, windows, strict=True)):
        sizes = tuple(each.shape for each in network.state_dict().values())
        groups.setdefault((own.recording.n_channels, own.length, sizes), []).append(i)
    return list(groups.values())


def _fit_alike(
    stack: _Stack, data: _Data, histories: Sequence[History], positions: Sequence[int]
) -> None:
    """Train stacked networks; histories and warnings know them by their positions."""
    recipe = stack.recipe
    running = torch.ones(stack.n, dtype=torch.bool)
    for epoch in range(1, recipe.epochs + 1):
        rate = recipe.learning_rate * training.schedule(recipe)(epoch - 1)
        total, correct = stack.epoch(data, rate, running)
        for i in running.nonzero().flatten().tolist():
            seen = data.counts[i]
            histories[positions[i]].loss.append(total[i] / seen)
            histories[positions[i]].accuracy.append(correct[i] / seen)
            if not math.isfinite(loss := histories[positions[i]].loss[-1]):
                running[i] = False
                warnings.warn(
                    f"the loss of network {positions[i]} is {loss} after epoch {epoch}: its "
                    f"training stopped; lower the learning rate ({recipe.learning_rate:g})",
                    RuntimeWarning,
                    stacklevel=3,
                )
        if not running.any():
            break


def together(subjects: Sequence[int], device: str) -> list[list[int]]:
    """Return which subjects to replicate at once: all on a GPU, each by itself on a CPU."""
    if not pays(device):
        return [[subject] for subject in subjects]
    return [list(subjects)] if subjects else []


def pays(device: str) -> bool:
    """Tell whether networks train faster stacked: on a GPU."""
    return torch.device(device).type != "cpu"


@dataclass(frozen=True, eq=False)
class _Data:
    """All networks' windows as one signal on the device, and each network's order and noise."""

    images: Tensor  # (start, channel, time)
    starts: Tensor  # (window of any network,)
    target: Tensor  # (window of any network,)
    sizes: list[int]  # windows of each network
    first: np.ndarray  # of each network in starts and target
    counts: list[int]  # what each sees in an epoch, changed copies too
    orders: list[torch.Generator]
    noises: list[torch.Generator]
    augmentations: Sequence[Augmentation | None]
    batch_size: int
    device: str

    @classmethod
    def of(
        cls,
        windows: Sequence[Windows],
        classes: Sequence[np.ndarray],
        seeds: Sequence[int],
        augmentations: Sequence[Augmentation | None],
        recipe: Recipe,
        device: str,
    ) -> _Data:
        ends = np.cumsum([0] + [len(own.recording.emg) for own in windows])
        signal = np.concatenate([own.recording.emg for own in windows])
        starts = [own.starts + end for own, end in zip(windows, ends, strict=False)]
        target = [
            training.encode(own.label, names) for own, names in zip(windows, classes, strict=True)
        ]
        sizes = [len(own) for own in windows]
        return cls(
            images=torch.as_tensor(signal, device=device).unfold(0, windows[0].length, 1),
            starts=torch.as_tensor(np.concatenate(starts), device=device),
            target=torch.as_tensor(np.concatenate(target), device=device),
            sizes=sizes,
            first=np.cumsum([0, *sizes]),
            counts=[n * (2 if recipe.augment else 1) for n in sizes],
            orders=[torch.Generator().manual_seed(seed) for seed in seeds],
            noises=[torch.Generator(device).manual_seed(seed) for seed in seeds],
            augmentations=augmentations,
            batch_size=recipe.batch_size,
            device=device,
        )

    def steps(self, running: Tensor) -> list[dict[int, dict[int, Tensor]]]:
        """Return, for every step of an epoch, batches by their size and then by network."""
        batches = {
            i: torch.randperm(self.counts[i], generator=self.orders[i]).split(self.batch_size)
            for i in running.nonzero().flatten().tolist()
        }
        steps = []
        for step in range(max(len(own) for own in batches.values())):
            sizes: dict[int, dict[int, Tensor]] = {}
            for i, own in batches.items():
                if step < len(own):
                    sizes.setdefault(len(own[step]), {})[i] = own[step]
            steps.append(sizes)
        return steps

    def gather(self, batches: dict[int, Tensor]) -> tuple[Tensor, Tensor]:
        """Return windows (network, batch, channel, time) and targets (network, batch)."""
        index = torch.stack([each % self.sizes[i] + self.first[i] for i, each in batches.items()])
        index = index.to(self.device, non_blocking=True)
        x = self.images[self.starts[index]]
        if self.counts != self.sizes:  # the recipe augments
            parts = []
            for (i, each), own in zip(batches.items(), x, strict=True):
                augment = self.augmentations[i]
                assert augment is not None, "checked before training"
                changed = (each >= self.sizes[i]).to(self.device)[:, None, None]
                parts.append(torch.where(changed, augment(own, self.noises[i]), own))
            x = torch.stack(parts)
        return x, self.target[index]


@dataclass(eq=False)
class _Stack:
    """Stacked parameters, and gradient descent with momentum on them."""

    parameters: dict[str, Tensor]
    buffers: dict[str, Tensor]
    logits: Callable[..., Tensor]  # from parameters, buffers and windows of some networks
    momenta: dict[str, Tensor]
    recipe: Recipe
    n: int
    device: str

    @classmethod
    def of(
        cls, networks: Sequence[nn.Module], recipe: Recipe, device: str, compiled: bool
    ) -> _Stack:
        for network in networks:
            network.to(device).train()
        parameters, buffers = stack_module_state(list(networks))
        base = copy.deepcopy(networks[0]).train()

        def one(own: dict[str, Tensor], state: dict[str, Tensor], x: Tensor) -> Tensor:
            return functional_call(base, (own, state), (x,))

        logits: Callable[..., Tensor] = torch.vmap(one, randomness="different")
        if compiled:
            logits = torch.compile(logits, mode="reduce-overhead")
        momenta = {name: torch.zeros_like(each) for name, each in parameters.items()}
        return cls(parameters, buffers, logits, momenta, recipe, len(networks), device)

    def forward(self, members: list[int], x: Tensor) -> Tensor:
        """Return logits (network, batch, class) of some networks, and keep their buffers."""
        parameters, buffers = self.parameters, self.buffers
        if len(members) < self.n:
            parameters = {name: each[members] for name, each in parameters.items()}
            buffers = {name: each[members] for name, each in buffers.items()}
        with computing(self.recipe.precision, self.device):
            logits = self.logits(parameters, buffers, x)
        if len(members) < self.n:
            with torch.no_grad():
                for name, each in buffers.items():
                    self.buffers[name][members] = each
        return logits.float()

    def epoch(self, data: _Data, rate: float, running: Tensor) -> tuple[list[float], list[float]]:
        """Train every network on its windows once; return summed losses and right answers."""
        total, correct = (torch.zeros(self.n, device=self.device) for _ in range(2))
        for sizes in data.steps(running):
            loss_of_all = torch.zeros((), device=self.device)
            active: list[int] = []
            for size, batches in sizes.items():
                members = list(batches)
                x, y = data.gather(batches)
                logits = self.forward(members, x)
                each = nn.functional.cross_entropy(
                    logits.flatten(0, 1), y.flatten(), reduction="none"
                ).view(len(members), size)
                sums = each.sum(1)
                # Networks share no parameter: the gradient of the sum is each one's own.
                loss_of_all = loss_of_all + (
                    sums.sum() / size if self.recipe.loss == "mean" else sums.sum()
                )
                total[members] += sums.detach()
                correct[members] += (logits.detach().argmax(2) == y).sum(1)
                active += members
            gradients = torch.autograd.grad(loss_of_all, list(self.parameters.values()))
            self._descend(gradients, rate, sorted(active))
        return total.tolist(), correct.tolist()

    @torch.no_grad()
    def _descend(self, gradients: Sequence[Tensor], rate: float, active: list[int]) -> None:
        """Take a step with the networks that had a batch; the others stay as they are."""
        rows = slice(None) if len(active) == self.n else active
        for (name, parameter), gradient in zip(self.parameters.items(), gradients, strict=True):
            step = rate * (self.recipe.bias_rate if name.endswith("bias") else 1.0)
            pull = gradient[rows] + self.recipe.weight_decay * parameter[rows]
            momentum = self.recipe.momentum * self.momenta[name][rows] + pull
            self.momenta[name][rows] = momentum
            parameter[rows] -= step * momentum

    @torch.no_grad()
    def leave(self, networks: Sequence[nn.Module]) -> None:
        """Give every network its own parameters and buffers back."""
        state = self.parameters | self.buffers
        for i, network in enumerate(networks):
            network.load_state_dict({name: each[i] for name, each in state.items()})
            network.eval()
