"""Training one architecture for many subjects, seeds or folds at once on one device.

A network of the papers in this book is so small that a GPU spends more time on starting kernels
than on running them. Stacked, many networks are one: every parameter has a first axis over the
networks, and one kernel works on all of them. Each keeps its own windows, order, noise and
dropout, and ends where `training.fit` would have brought it alone.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from semg_lib.learning import training
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
    report: Callable[[int, list[History]], None] | None = None,
    stacked: bool | None = None,
) -> list[History]:
    """Train networks of one architecture, in place, each on windows of its own.

    Parameters
    ----------
    networks : sequence of Module
        The same layers; each with its own initial weights. Those of different sizes, of subjects
        who lack a movement for example, train in groups of one size.
    windows : sequence of Windows
        Training windows of each network, as many as there are.
    classes : sequence of ndarray (class,), int
        Sorted labels of each.
    recipe : Recipe
    seeds : sequence of int
        For the order and the noise of each.
    device : str
    augmentations : sequence of callable, optional
        Of each, where ``recipe.augment`` asks for one.
    report : callable, optional
        Called after every epoch with its number and the histories; after every network where they
        are trained one by one.
    stacked : bool, optional
        Whether to stack. If not given: on a GPU, where it pays; not on a CPU, where it is slower.

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
        If the lengths of the arguments differ, a network has no window, or the recipe augments
        without augmentations.
    """
    if not networks:
        return []
    augmentations = augmentations or [None] * len(networks)
    lengths = {len(each) for each in (networks, windows, classes, seeds, augmentations)}
    if len(lengths) != 1:
        raise ValueError(f"networks, windows, classes and seeds must be as many, got {lengths}")
    if stacked is None:
        stacked = torch.device(device).type != "cpu"
    if not stacked:
        return [
            training.fit(network, own, names, recipe, seed=seed, device=device, augmentation=change)
            for network, own, names, seed, change in zip(
                networks, windows, classes, seeds, augmentations, strict=True
            )
        ]
    if not all(len(own) for own in windows):
        raise ValueError("no window to train on: check movements, repetitions and window length")
    if recipe.augment and None in augmentations:
        raise ValueError("the recipe augments: pass augmentations, or set augment to False")
    alike: dict[tuple, list[int]] = {}  # networks of one architecture on windows of one shape
    for i, (network, own) in enumerate(zip(networks, windows, strict=True)):
        sizes = tuple(each.shape for each in network.state_dict().values())
        alike.setdefault((own.recording.n_channels, own.length, sizes), []).append(i)
    if len(alike) > 1:
        found: dict[int, History] = {}
        for members in alike.values():
            groups = (networks, windows, classes, seeds, augmentations)
            own = [[group[i] for i in members] for group in groups]
            trained = fit_many(
                *own[:3], recipe, seeds=own[3], device=device, augmentations=own[4], stacked=True
            )
            found |= dict(zip(members, trained, strict=True))
        return [found[i] for i in range(len(networks))]
    data = _Data.of(windows, classes, seeds, recipe, device)
    stack = _Stack.of(networks, recipe, device)
    histories = [History() for _ in networks]
    running = torch.ones(len(networks), dtype=torch.bool)
    for epoch in range(1, recipe.epochs + 1):
        rate = recipe.learning_rate * training._schedule(recipe)(epoch - 1)
        total, correct = stack.epoch(data, rate, running, augmentations)
        for i in running.nonzero().flatten().tolist():
            seen = data.counts[i]
            histories[i].loss.append(total[i] / seen)
            histories[i].accuracy.append(correct[i] / seen)
            if not math.isfinite(histories[i].loss[-1]):
                running[i] = False
                warnings.warn(
                    f"the loss of network {i} is {histories[i].loss[-1]} after epoch {epoch}: its "
                    f"training stopped; lower the learning rate ({recipe.learning_rate:g})",
                    RuntimeWarning,
                    stacklevel=2,
                )
        if report:
            report(epoch, histories)
        if not running.any():
            break
    stack.leave(networks)
    return histories


def together(subjects: Sequence[int], device: str) -> list[list[int]]:
    """Return which subjects to replicate at once: all on a GPU, each by itself on a CPU."""
    if torch.device(device).type == "cpu":
        return [[subject] for subject in subjects]
    return [list(subjects)] if subjects else []


class _Data:
    """All networks' windows as one signal on the device, and each network's order."""

    @classmethod
    def of(
        cls,
        windows: Sequence[Windows],
        classes: Sequence[np.ndarray],
        seeds: Sequence[int],
        recipe: Recipe,
        device: str,
    ) -> _Data:
        self = cls()
        ends = np.cumsum([0] + [len(own.recording.emg) for own in windows])
        signal = np.concatenate([own.recording.emg for own in windows])
        self.images = torch.as_tensor(signal, device=device).unfold(0, windows[0].length, 1)
        starts = [own.starts + end for own, end in zip(windows, ends, strict=False)]
        self.starts = torch.as_tensor(np.concatenate(starts), device=device)
        target = [
            training.encode(own.label, names) for own, names in zip(windows, classes, strict=True)
        ]
        self.target = torch.as_tensor(np.concatenate(target), device=device)
        self.sizes = [len(own) for own in windows]
        self.first = np.cumsum([0, *self.sizes])  # of each network in starts and target
        self.counts = [n * (2 if recipe.augment else 1) for n in self.sizes]
        self.orders = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.noises = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self.batch_size, self.device = recipe.batch_size, device
        return self

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

    def gather(
        self, batches: dict[int, Tensor], augmentations: Sequence[Augmentation | None]
    ) -> tuple[Tensor, Tensor]:
        """Return windows (network, batch, channel, time) and targets (network, batch)."""
        index = torch.stack([each % self.sizes[i] + self.first[i] for i, each in batches.items()])
        index = index.to(self.device, non_blocking=True)
        x = self.images[self.starts[index]]
        changed = {
            i: each >= self.sizes[i]
            for i, each in batches.items()
            if self.counts[i] > self.sizes[i]
        }
        if changed:
            parts = []
            for (i, mask), own in zip(changed.items(), x, strict=True):
                mask = mask.to(self.device)[:, None, None]
                parts.append(torch.where(mask, augmentations[i](own, self.noises[i]), own))
            x = torch.stack(parts)
        return x, self.target[index]


class _Stack:
    """Stacked parameters, and gradient descent with momentum on them."""

    @classmethod
    def of(cls, networks: Sequence[nn.Module], recipe: Recipe, device: str) -> _Stack:
        self = cls()
        for network in networks:
            network.to(device).train()
        self.parameters, self.buffers = stack_module_state(list(networks))
        self.base = copy.deepcopy(networks[0]).train()
        self.momenta = {name: torch.zeros_like(each) for name, each in self.parameters.items()}
        self.recipe, self.n, self.device = recipe, len(networks), device
        return self

    def forward(self, members: list[int], x: Tensor) -> Tensor:
        """Return logits (network, batch, class) of some networks, and keep their buffers."""
        parameters, buffers = self.parameters, self.buffers
        if len(members) < self.n:
            parameters = {name: each[members] for name, each in parameters.items()}
            buffers = {name: each[members] for name, each in buffers.items()}

        def one(own: dict[str, Tensor], state: dict[str, Tensor], batch: Tensor) -> Tensor:
            return functional_call(self.base, (own, state), (batch,))

        logits = torch.vmap(one, randomness="different")(parameters, buffers, x)
        if len(members) < self.n:
            with torch.no_grad():
                for name, each in buffers.items():
                    self.buffers[name][members] = each
        return logits

    def epoch(
        self,
        data: _Data,
        rate: float,
        running: Tensor,
        augmentations: Sequence[Augmentation | None],
    ) -> tuple[list[float], list[float]]:
        """Train every network on its windows once; return summed losses and right answers."""
        total, correct = (torch.zeros(self.n, device=self.device) for _ in range(2))
        for sizes in data.steps(running):
            loss_of_all = torch.zeros((), device=self.device)
            active: list[int] = []
            for size, batches in sizes.items():
                members = list(batches)
                x, y = data.gather(batches, augmentations)
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
