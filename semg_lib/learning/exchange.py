"""Trained networks as ONNX files, for programs without PyTorch.

What is exported takes windows as they are cut from a recording, in its unit: scaling, or the
components of a spectrogram, are the first part of the graph.
"""

from __future__ import annotations

import copy
import io
import json
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.signal
import torch
from torch import Tensor, nn

from semg_lib.errors import DataError, how_to_install
from semg_lib.learning.networks import Local
from semg_lib.signals.spectrograms import SpectralComponents, as_intensity

OPSET = 17
INPUT, LOGITS, FEATURES = "windows", "logits", "features"
CLOSE = 1e-4  # how near ONNX Runtime has to come to torch


class Standard(nn.Module):
    """From windows (batch, channel, time) in a recording's unit to z-scores."""

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean[:, None]) / self.std[:, None]  # type: ignore[index]


class Spectral(nn.Module):
    """From raw windows (batch, channel, time) to `SpectralComponents` (batch, channel, component).

    Fourier's transform is a convolution here, since ONNX files of this opset know no other.
    """

    def __init__(self, of: SpectralComponents, rate: float, values: dict[str, Tensor]) -> None:
        super().__init__()
        self.of = of
        taper = torch.as_tensor(scipy.signal.get_window("hamming", of.n_fft))
        turn = 2 * torch.pi * torch.outer(torch.arange(of.bins), torch.arange(of.n_fft)) / of.n_fft
        waves = torch.cat([turn.cos(), turn.sin()]) * taper
        waves = waves - waves.mean(dim=1, keepdim=True)  # so each frame's mean is taken off
        twice = torch.full((of.bins,), 2.0, dtype=torch.float64)  # negative frequencies
        twice[0] = 1.0
        twice[of.n_fft // 2 :] = 1.0
        self.register_buffer("waves", waves[:, None].float())
        self.register_buffer("density", (twice / (rate * taper.square().sum()))[:, None].float())
        for name in ("low", "span", "mean", "components"):
            self.register_buffer(name, values[name])

    @classmethod
    def fitted(cls, of: SpectralComponents, rate: float) -> Spectral:
        """Return the same as components that were fitted, for signals of this rate in hertz."""
        assert of.scaler
        assert of.pca
        values = {"low": of.scaler.low, "span": of.scaler.high - of.scaler.low}
        values["span"] = values["span"].clamp_min(torch.finfo(torch.float32).tiny)
        return cls(of, rate, values | {"mean": of.pca.mean, "components": of.pca.components})

    def forward(self, x: Tensor) -> Tensor:
        step, bins = self.of.n_fft - self.of.overlap, self.of.bins
        frames = nn.functional.conv1d(x.flatten(0, 1)[:, None], self.waves, stride=step)  # type: ignore[arg-type]
        power = frames[:, :bins].square() + frames[:, bins:].square()
        power = power * self.density  # type: ignore[operator]
        image = as_intensity(power, self.of.intensity).unflatten(0, (-1, x.shape[1]))
        image = (image.flatten(2) - self.low[:, None]) / self.span[:, None]  # type: ignore[index]
        return torch.einsum("wcv,ckv->wck", image.clamp(0, 1) - self.mean, self.components)


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with what comes before it.

    Attributes
    ----------
    front, network : Module
        From windows (batch, channel, time) to its input, and from that to logits.
    classes : ndarray (class,), int
        Labels that the logits stand for.
    shape : tuple of int
        Channels and samples of a window.
    rate : float
        Samples a second of what windows are cut from, in hertz.
    """

    front: nn.Module
    network: nn.Module
    classes: np.ndarray
    shape: tuple[int, int]
    rate: float

    def last(self) -> nn.Module:
        """Return the layer that makes logits of features."""
        return [m for m in self.network.modules() if isinstance(m, nn.Conv2d | nn.Linear)][-1]


class _Both(nn.Module):
    """What is exported: logits, and the features that the last layer makes them of."""

    def __init__(self, trained: Trained) -> None:
        super().__init__()
        self.front, self.network, self.last = trained.front, trained.network, trained.last()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        seen: list[Tensor] = []
        hook = self.last.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        logits = self.network(self.front(x))
        hook.remove()
        return logits, seen[0].flatten(1)


def to_onnx(trained: Trained) -> bytes:
    """Return a network as ONNX, after ONNX Runtime has given what torch gives.

    Opset 17. Input ``windows`` (batch, channel, time) float32, in the unit and at the rate of what
    windows are cut from; outputs ``logits`` (batch, class) and ``features`` (batch, value), of
    which the last layer makes them. The number of windows is free.

    Raises
    ------
    DataError
        If onnx or ONNX Runtime is not installed.
    RuntimeError
        If the two differ by more than `CLOSE`.
    """
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise DataError(f"ONNX needs {error.name}: {how_to_install('export')}") from None
    both = copy.deepcopy(_Both(trained)).cpu().eval()
    for each in both.modules():
        if isinstance(each, Local):  # as the convolution that it is: any number of windows goes in
            each.forward = partial(nn.Conv2d.forward, each)  # type: ignore[method-assign]
    both.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    x = torch.randn(5, *trained.shape, generator=torch.Generator().manual_seed(0))
    if isinstance(trained.front, Standard):  # of the size of what it has been trained on
        x = x * trained.front.std[:, None] + trained.front.mean[:, None]  # type: ignore[index]
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # this exporter needs no package more; it is to be replaced
        torch.onnx.export(
            both,
            (x,),
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[LOGITS, FEATURES],
            dynamic_axes={name: {0: "batch"} for name in (INPUT, LOGITS, FEATURES)},
        )
        expected = [each.numpy() for each in both(x)]
    model = onnx.load_from_string(buffer.getvalue())
    told = {"labels": trained.classes.tolist(), "rate_hz": trained.rate}
    onnx.helper.set_model_props(model, {key: json.dumps(value) for key, value in told.items()})
    content = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    found = session.run([LOGITS, FEATURES], {INPUT: x.numpy()})
    apart = max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))
    if not apart <= CLOSE:
        raise RuntimeError(f"ONNX Runtime is {apart:g} from torch, more than {CLOSE:g}")
    return content
