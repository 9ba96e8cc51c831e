// Decodes a recording in order of time; knows nothing of the page.
import { gather } from "./pipeline.mjs";
import { LastLayer, largest, median } from "./recalibration.mjs";
import { Score, Vote } from "./votes.mjs";

export class Stream {
  constructor(manifest, network) {
    Object.assign(this, { manifest, network, recalibrating: false, voteMs: 0 });
    this.layer = new LastLayer(manifest.weight, manifest.bias);
  }

  // A recording: signal, class of each sample (-1: unknown), session, and which windows count.
  open(recording) {
    this.recording = recording;
    this.seek(0);
  }

  seek(sample) {
    const { samples } = this.recording;
    const { length: classes } = this.manifest.labels;
    this.next = Math.max(sample, this.manifest.window - 1); // the last sample of the next window
    this.answers = new Int8Array(samples).fill(-1);
    this.voted = new Int8Array(samples).fill(-1);
    this.layer.reset();
    this.vote = new Vote(Math.round((this.voteMs * this.manifest.rate) / 1000), classes);
    this.score = new Score(classes);
    this.scores = new Map();
    this.latencies = [];
    this.delays = [];
    this.session = null;
    this.kept = [];
    this.change = null;
    this.refits = 0;
    this.run = (this.run ?? 0) + 1;
  }

  // Decode all windows that end before a sample; the first of them alone, for its time is told.
  async until(sample) {
    const { manifest, recording } = this;
    const { window, channels } = manifest;
    const run = this.run;
    const end = Math.min(Math.floor(sample), recording.samples);
    let alone = true;
    while (this.next < end) {
      const session = recording.session[this.next];
      if (session !== this.session) this.begin(session);
      let last = Math.min(end, this.next + (alone ? 1 : 256));
      for (let i = this.next; i < last; i++) if (recording.session[i] !== session) last = i;
      const starts = Array.from({ length: last - this.next }, (_, i) => this.next + i - window + 1);
      const began = performance.now();
      const batch = gather(recording.signal, channels, window, starts);
      const features = await this.network.features(batch, starts.length, channels, window);
      if (run !== this.run) return; // somebody has moved on
      features.forEach((each, i) => this.take(this.next + i, each));
      if (alone) {
        this.latencies.push(performance.now() - began);
        if (this.latencies.length > 200) this.latencies.shift();
      }
      this.next = last;
      alone = false;
    }
  }

  begin(session) {
    const { every, reach, steps } = this.manifest.recalibration;
    if (this.recalibrating && this.session !== null && this.kept.length > 2 * reach) {
      const corrected = median(this.kept.map((each) => each.probability), reach);
      this.layer.fit(this.kept.map((each) => each.features), corrected, steps);
      this.refits += 1;
    }
    this.session = session;
    this.kept = [];
    this.since = 0;
    this.every = every;
  }

  take(end, features) {
    const { recording } = this;
    const probability = this.layer.probability(features);
    if (this.recalibrating && this.since++ % this.every === 0) {
      this.kept.push({ features: Float64Array.from(features), probability });
    }
    const answer = largest(probability);
    const voted = this.vote.push(answer);
    this.probability = probability;
    this.answers[end] = answer;
    this.voted[end] = voted;
    const truth = recording.label[end];
    if (truth < 0) return;
    if (end && recording.label[end - 1] !== truth) this.change = end;
    if (this.change !== null && voted === truth) {
      this.delays.push((1000 * (end - this.change)) / this.manifest.rate);
      this.change = null;
    }
    if (!recording.counts[end]) return;
    this.score.add(truth, voted);
    if (!this.scores.has(this.session)) this.scores.set(this.session, new Score(this.manifest.labels.length));
    this.scores.get(this.session).add(truth, voted);
  }
}

// The recording that the manifest describes, as a stream takes it.
export function told(manifest, name, signal) {
  const { stretches, samples } = manifest.recordings[name];
  const label = new Int16Array(samples);
  const session = new Int16Array(samples);
  const counts = new Uint8Array(samples);
  stretches.forEach(([begin, number, own], i) => {
    const end = stretches[i + 1]?.[0] ?? samples;
    label.fill(manifest.labels.indexOf(number), begin, end);
    session.fill(own, begin, end);
    counts.fill(1, Math.min(begin + manifest.window - 1, end), end); // within one stretch
  });
  return { signal, label, session, counts, samples };
}
