// The modules of the page with the decoder, against what the library gives: see test_decoder_js.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Broken, Reader } from "../../book/_static/decoder/csv.mjs";
import * as pipeline from "../../book/_static/decoder/pipeline.mjs";
import { LastLayer, median } from "../../book/_static/decoder/recalibration.mjs";
import { welch } from "../../book/_static/decoder/spectrum.mjs";
import { Stream, told } from "../../book/_static/decoder/stream.mjs";
import { middle, Score, Vote } from "../../book/_static/decoder/votes.mjs";

const golden = JSON.parse(readFileSync(process.env.SEMG_GOLDEN, "utf8"));

function near(found, expected, within = 1e-5) {
  const [a, b] = [Array.from(found), expected.flat(9)];
  assert.equal(a.length, b.length);
  const scale = Math.max(...b.map(Math.abs), 1e-30);
  a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) <= within * scale, `${i}: ${value} is not ${b[i]}`));
}

for (const { signal, rate, target, expected } of golden.envelope) {
  test(`an envelope at ${target} Hz of ${rate} Hz is the library's`, () => {
    near(pipeline.envelope(Float32Array.from(signal.flat()), signal[0].length, rate, target), expected);
  });
}

test("an envelope needs a whole number of samples", () => {
  assert.throws(() => pipeline.envelope(new Float32Array(30), 1, 250, 100), RangeError);
});

test("z-scores and windows are the library's", () => {
  const { signal, mean, std, scaled, starts, length, windows } = golden.windows;
  const channels = mean.length;
  const found = pipeline.standardise(Float32Array.from(signal.flat()), channels, mean, std);
  near(found, scaled);
  near(pipeline.gather(found, channels, length, starts), windows);
  const own = pipeline.spread(Float32Array.from(signal.flat()), channels);
  near(own.mean, mean);
  near(own.std, std);
});

test("packed volts come out", () => {
  near(pipeline.unpack(Uint8Array.from(golden.packed.bytes), 0.0024), golden.packed.volts, 1e-7);
});

for (const { how, signal, expected } of golden.disturbed) {
  test(`signals are disturbed alike: ${JSON.stringify(how)}`, () => {
    near(pipeline.disturb(Float32Array.from(signal.flat()), signal[0].length, golden.std, golden.ring, how), expected);
  });
}

test("noise is normal, and the same sequence", () => {
  near(golden.normal.map((_, i) => pipeline.normal(i)), golden.normal, 1e-9);
});

for (const { reach, expected } of golden.median) {
  test(`labels are corrected by the median over ${reach} neighbours`, () => {
    assert.deepEqual(median(golden.probability, reach), expected);
  });
}

test("the last layer learns the same", () => {
  const { weight, bias, features, column, steps, before, after } = golden.refit;
  const layer = new LastLayer(weight, bias);
  near(features.flatMap((row) => [...layer.probability(row)]), before, 1e-9);
  layer.fit(features, column, steps);
  near(features.flatMap((row) => [...layer.probability(row)]), after, 1e-7);
  layer.reset();
  near(features.flatMap((row) => [...layer.probability(row)]), before, 1e-9);
});

for (const { n, answers, expected } of golden.vote) {
  test(`a majority of ${n} is the library's`, () => {
    const vote = new Vote(n, 5);
    assert.deepEqual(answers.map((each) => vote.push(each)), expected);
  });
}

test("accuracy gives each class its weight", () => {
  const score = new Score(4);
  for (let i = 0; i < 8; i++) score.add(0, 0);
  score.add(1, 1);
  score.add(1, 0);
  assert.equal(score.accuracy, 0.75);
  assert.equal(score.windows, 10);
  assert.ok(Number.isNaN(new Score(2).accuracy));
  assert.equal(middle([5, 1, 3]), 3);
  assert.equal(middle([4, 2]), 3);
});

test("a spectrum is SciPy's", () => {
  const { signal, rate, length, expected } = golden.welch;
  expected.forEach((each, c) => near(welch(Float32Array.from(signal.flat()), expected.length, c, rate, length), each, 1e-4));
});

// A network whose features are the newest sample of each channel.
const newest = {
  async features(batch, windows, channels, length) {
    return Array.from({ length: windows }, (_, w) => Float32Array.from({ length: channels }, (_, c) => batch[(w * channels + c + 1) * length - 1]));
  },
};

function small({ sessions = [1], truth }) {
  const n = truth.length / sessions.length;
  const stretches = [];
  truth.forEach((label, i) => {
    const session = sessions[Math.floor(i / n)];
    const before = stretches.at(-1);
    if (!before || before[1] !== label || before[2] !== session) stretches.push([i, label, session]);
  });
  const manifest = {
    labels: [0, 7], channels: 2, window: 3, rate: 100, weight: [[1, 0], [0, 1]], bias: [0, 0],
    recalibration: { every: 1, reach: 1, steps: 5 }, recordings: { it: { samples: truth.length, stretches } },
  };
  return manifest;
}

test("a stream answers each window once, and scores what lies within a movement", async () => {
  const truth = [0, 0, 0, 0, 0, 7, 7, 7, 7, 7];
  const manifest = small({ truth });
  const late = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]; // says it one sample late
  const signal = Float32Array.from(late.flatMap((c) => [1 - c, c]));
  const stream = new Stream(manifest, newest);
  stream.open(told(manifest, "it", signal));
  await stream.until(4);
  assert.deepEqual([...stream.answers], [-1, -1, 0, 0, -1, -1, -1, -1, -1, -1]);
  await stream.until(100);
  assert.deepEqual([...stream.answers], [-1, -1, 0, 0, 0, 0, 1, 1, 1, 1]);
  assert.equal(stream.score.windows, 6); // 2, 3, 4 and 7, 8, 9
  assert.equal(stream.score.accuracy, 1);
  assert.deepEqual(stream.delays, [10]); // ms
  stream.voteMs = 30;
  stream.seek(0);
  await stream.until(100);
  assert.deepEqual([...stream.voted], [-1, -1, 0, 0, 0, 0, 0, 1, 1, 1]);
});

test("a stream recalibrates between sessions, and only then", async () => {
  const truth = Array.from({ length: 40 }, (_, i) => (i % 20 < 10 ? 0 : 7));
  const manifest = small({ truth, sessions: [1, 2] });
  const signal = Float32Array.from(truth.flatMap((c) => [c ? 0.4 : 1, c ? 0.5 : 0]));
  const stream = new Stream(manifest, newest);
  stream.recalibrating = true;
  stream.open(told(manifest, "it", signal));
  await stream.until(20);
  assert.equal(stream.refits, 0);
  await stream.until(40);
  assert.equal(stream.refits, 1);
  assert.notDeepEqual([...stream.layer.matrix], [...stream.layer.first]);
  stream.seek(0);
  assert.deepEqual([...stream.layer.matrix], [...stream.layer.first]);
});

test("who moves on while a window is decoded is not disturbed by it", async () => {
  const manifest = small({ truth: Array(30).fill(0) });
  const stream = new Stream(manifest, newest);
  stream.open(told(manifest, "it", new Float32Array(60)));
  const first = stream.until(30);
  stream.seek(20);
  await first;
  assert.equal(stream.answers.filter((each) => each >= 0).length, 0);
});

function read(text, rate = 0, piece = 7) {
  const reader = new Reader(rate);
  for (let at = 0; at < text.length; at += piece) reader.push(text.slice(at, at + piece));
  return reader.end();
}

test("a recording is read, however it is cut into pieces", () => {
  for (const piece of [1, 5, 1000]) {
    const found = read("time,a,b,label\r\n0.00,1,2,0\r\n0.01,3,4,0\r\n0.02,5,6,13", 0, piece);
    assert.deepEqual([...found.signal], [1, 2, 3, 4, 5, 6]);
    assert.deepEqual([...found.label], [0, 0, 13]);
    assert.deepEqual([found.rate, found.channels, found.samples], [100, 2, 3]);
    assert.deepEqual(found.names, ["a", "b"]);
  }
  const long = read(Array.from({ length: 10000 }, (_, i) => `${i}\t${-i}`).join("\n"), 250, 4096);
  assert.deepEqual([long.samples, long.rate, long.signal[19999], long.label], [10000, 250, -9999, null]);
  assert.equal(read("# rate: 500 Hz\n1 2\n3 4\n").rate, 500);
});

const damaged = [
  ["", /no lines of numbers/],
  ["a,b\n", /no lines of numbers/],
  ["1,2\n3,4\n", /rate is not known/],
  ["rate,100\n1,2\n3\n", /Line 3 has 1 values, the first line 2/],
  ["rate,100\n1,2\n3,x\n", /Line 3: “x” in column 2 is no number/],
  ["rate,100\n1,2\n3,\n", /Line 3: nothing in column 2 is no number/],
  ["rate,100\n1,2\n3,Infinity\n", /Line 3: “Infinity” in column 2/],
  ["time,a\n0,1\n0,2\n", /Times do not rise at 0 s/],
  ["time,label\n0,1\n1,2\n", /0 channels: expected 1 to 64/],
  [`1,${"2".repeat(200000)}`, /does not end/],
];
for (const [text, said] of damaged) {
  test(`a damaged file is told: ${said}`, () => {
    assert.throws(() => read(text, 0, 1e6), (error) => error instanceof Broken && said.test(error.message));
  });
}
