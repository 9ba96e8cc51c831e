"""The kernel of the Python that asks for it, whatever a machine, a home or a notebook names."""

from __future__ import annotations

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager


class OwnKernel(AsyncKernelManager):
    """Starts this Python; a kernel of the same name elsewhere has other packages."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """What is started."""
        return KernelSpec(**get_kernel_dict())
