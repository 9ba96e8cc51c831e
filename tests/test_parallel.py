import os

import torch

from semg_lib.learning import parallel


def square(x):
    return x * x, torch.get_num_threads(), os.getpid()


def test_jobs_come_back_in_order_each_on_one_thread():
    found = list(parallel.each(square, [{"x": x} for x in range(6)]))
    assert [value for value, *_ in found] == [0, 1, 4, 9, 16, 25]
    assert {threads for _, threads, _ in found} == {1}


def test_on_a_gpu_one_follows_the_other_here():
    before = torch.get_num_threads()
    found = list(parallel.each(square, [{"x": 1}, {"x": 2}], device="cuda"))
    assert {process for *_, process in found} == {os.getpid()}
    assert torch.get_num_threads() == before
    assert list(parallel.each(square, [])) == []
