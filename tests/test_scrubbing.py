import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from semg_lib import figures
from semg_lib.errors import DataError


def given(page):
    return json.loads(re.search(r"const given = (\{.*\});", page.data)[1])


def test_the_page_holds_what_it_shows(recording):
    page = figures.scrubber(recording, recording.label, start_s=5, seconds=20, window_ms=150)
    data = given(page)
    assert (data["samples"], data["channels"], data["length"], data["step"]) == (2000, 10, 15, 5)
    levels = np.frombuffer(base64.b64decode(data["emg"]), np.uint8).reshape(2000, 10)
    emg = recording.emg[500:2500]
    for channel in range(10):
        assert np.corrcoef(levels[:, channel], emg[:, channel])[0, 1] > 0.99
    label = np.concatenate([np.full(to - a, of) for a, to, of in data["aligned"]])
    np.testing.assert_array_equal(label, recording.label[500:2500])
    assert len(data["aligned"]) == 1 + np.count_nonzero(np.diff(label))
    assert "http" not in page.data


def test_nobodys_recording_is_given_away(recording):
    real = replace(recording, simulated=False)
    with pytest.raises(DataError, match="a page would give it away"):
        figures.scrubber(real, real.label)
    with pytest.raises(DataError, match=r"screen has shape \(3,\), expected"):
        figures.scrubber(recording, recording.label[:3])
