"""Studies: what a paper's variants change, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from semg_lib.errors import check_name
from semg_lib.learning import settings
from semg_lib.learning.outcomes import Outcome
from semg_lib.learning.training import Recipe
from semg_lib.recordings import databases, simulator
from semg_lib.recordings.recording import Recording


@dataclass(frozen=True)
class Study:
    """A comparison beside a paper's own, as data: what each of its variants changes.

    Parameters
    ----------
    methods : sequence of str
        The paper's methods that run under every variant.
    variants : mapping of str to mapping
        Settings that each changes, those of the recipe too.
    recipe : Recipe, optional
        What the variants change, with the run's number of epochs; the run's own if None.
    simulated : mapping of str to mapping
        Instead of settings: options of `simulator.simulate` for each variant.
    """

    methods: Sequence[str]
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    recipe: Recipe | None = None
    simulated: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The variants, in order."""
        return [*self.variants, *self.simulated]

    def title(self, variant: str, method: str) -> str:
        """Return what outcomes call a method under a variant."""
        return variant if len(self.methods) == 1 else f"{variant}: {method}"

    def titles(self, variant: str) -> list[str]:
        """Return what outcomes call the methods under a variant."""
        return [self.title(variant, method) for method in self.methods]

    def run(
        self,
        replicate: Callable[..., Iterator[Outcome]],
        recording: Recording,
        chosen: Any,
        *,
        variants: Sequence[str] | None = None,
        seed: int = 0,
        device: str = "cpu",
    ) -> Iterator[Outcome]:
        """Run variants, all if not given, of the paper's ``replicate`` on one subject.

        Every variant changes the run's settings, ``chosen``; one that changes the simulator has
        the subject simulated anew. Outcomes are named by `title`.

        Raises
        ------
        ValueError
            If a variant is unknown.
        """
        for name in self.names if variants is None else variants:
            check_name("variant", name, self.names)
            changed, subject = chosen, recording
            if self.recipe:
                recipe = replace(self.recipe, epochs=chosen.recipe.epochs)
                changed = replace(chosen, recipe=recipe)
            changed = settings.change(changed, self.variants.get(name, {}))
            if name in self.simulated:
                subject = _simulated(recording, labels=chosen.labels, **self.simulated[name])
            for outcome in replicate(
                [subject], changed, methods=self.methods, seed=seed, device=device
            ):
                yield replace(outcome, method=self.title(name, outcome.method))


def chains(
    initial: Sequence[int], begin: Sequence[int], n_later: int
) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return variants: so many sessions train, from each of these, and those after are tested."""
    return {
        f"{n} from {at}": {
            "train": tuple(range(at, at + n)),
            "test": tuple(range(at + n, at + n + n_later)),
        }
        for n in initial
        for at in begin
    }


def _simulated(recording: Recording, **options: Any) -> Recording:
    """Simulate a recording's subject and exercises anew."""
    present = set(np.unique(recording.exercise).tolist())
    spec = databases.database(recording.database)
    letters = "".join(each.letter for each in spec.exercises if each.number in present)
    return simulator.simulate(spec.name, recording.subject, letters, **options)
