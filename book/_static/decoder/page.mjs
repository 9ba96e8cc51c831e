// The figure that decodes: what is pressed, and what is shown.
import { COLOURS, colour, drawSignals, drawSpectrum } from "./drawing.mjs";
import { Network } from "./network.mjs";
import { disturb, unpack } from "./pipeline.mjs";
import { Stream, told } from "./stream.mjs";
import { middle } from "./votes.mjs";

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const percent = (share) => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(1)} %`);
const still = matchMedia("(prefers-reduced-motion: reduce)");

class Page {
  constructor(figure, manifest, runtime) {
    Object.assign(this, { figure, manifest, runtime, now: 0, playing: false, raw: new Map() });
    this.folder = new URL(figure.dataset.folder, document.baseURI);
    this.listen();
    this.find(".decoder-play").textContent = "Play";
    this.find(".decoder-bytes").textContent = `${(manifest.files["network.onnx"].bytes / 1000).toFixed(0)} kB`;
    this.find(".decoder-parameters").textContent = manifest.parameters.toLocaleString("en");
    const { bytes, compressed } = Object.values(runtime.sizes).reduce((sum, each) => ({ bytes: sum.bytes + each.bytes, compressed: sum.compressed + each.compressed }));
    this.say(`Play loads ${megabytes(bytes)} once (${megabytes(compressed)} where the server compresses), and ${megabytes(manifest.files["network.onnx"].bytes + manifest.files["drift-none.bin"].bytes)} of network and recording.`);
    for (const [i, swatch] of this.figure.querySelectorAll(".decoder-swatch").entries()) swatch.style.background = colour(i);
    this.find(".decoder-controls").hidden = false;
    this.find(".decoder-why").textContent = "Accuracy over the sessions of two simulated recordings. Press play to watch it come about.";
  }

  find(name) {
    return this.figure.querySelector(name);
  }

  say(text) {
    this.find(".decoder-status").textContent = text;
  }

  listen() {
    const on = (name, event, how) => this.find(name).addEventListener(event, how);
    on(".decoder-play", "click", () => this.toggle());
    on(".decoder-scrub", "input", () => this.seek(Number(this.find(".decoder-scrub").value)));
    on(".decoder-drift", "change", () => this.change(true));
    on(".decoder-recalibrate", "change", () => this.stream && (this.stream.recalibrating = this.find(".decoder-recalibrate").checked));
    for (const [name, unit] of [["noise", ""], ["turn", "°"], ["vote", " ms"]]) {
      const input = this.find(`.decoder-${name}`);
      input.addEventListener("input", () => (input.parentElement.querySelector("output").value = `${input.value}${unit}`));
      input.addEventListener("change", () => this.change());
    }
    on(".decoder-electrodes", "change", () => this.change());
    on(".decoder-file input", "change", (event) => event.target.files[0] && this.read(event.target.files[0]));
    on(".decoder-back", "click", () => this.change(true));
    this.figure.addEventListener("dragover", (event) => event.preventDefault());
    this.figure.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.read(event.dataTransfer.files[0]);
    });
    new ResizeObserver(() => this.draw()).observe(this.figure);
    new MutationObserver(() => this.draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    document.addEventListener("visibilitychange", () => document.hidden && this.pause());
  }

  async fetched(name) {
    const answer = await fetch(new URL(name, this.folder));
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  // Everything that play needs, once.
  async ready() {
    this.loading ??= (async () => {
      this.say("Loading …");
      const weights = await this.fetched("network.onnx");
      const network = await Network.load(this.folder, weights, this.runtime);
      this.stream = new Stream(this.manifest, network);
      this.stream.recalibrating = this.find(".decoder-recalibrate").checked;
      await this.change(true);
      this.find(".decoder-still").hidden = true;
      this.find(".decoder-live").hidden = false;
      this.find(".decoder-scrub").disabled = false;
      this.draw();
    })().catch((error) => {
      this.loading = null;
      this.say(`It cannot be loaded: ${error.message}`);
      throw error;
    });
    return this.loading;
  }

  // Take the controls as they are, for the recording that plays; `anew` begins at its start.
  async change(anew = false) {
    if (!this.stream) return;
    const { manifest } = this;
    const name = this.find(".decoder-drift").value;
    if (anew || !this.own) {
      if (!this.raw.has(name)) this.raw.set(name, unpack(await this.fetched(manifest.recordings[name].file), manifest.volts));
      this.own = null;
      this.find(".decoder-back").hidden = true;
      this.find(".decoder-spectrum").hidden = true;
      if (anew) this.find(".decoder-told").textContent = "";
    }
    this.off = [...this.figure.querySelectorAll(".decoder-electrodes input")].filter((each) => !each.checked).map((each) => Number(each.value));
    const [noise, turn, vote] = ["noise", "turn", "vote"].map((each) => Number(this.find(`.decoder-${each}`).value));
    this.stream.voteMs = vote;
    const clean = this.own ? this.own.input : this.raw.get(name);
    const signal = clean && disturb(clean, manifest.channels, manifest.std, manifest.ring, { noise, turn, off: this.off });
    this.recording = this.own ? { ...this.own.recording, signal } : told(manifest, name, signal);
    this.shown = this.own && this.own.rate !== manifest.rate ? this.own : { signal, rate: manifest.rate, channels: manifest.channels, mean: manifest.mean, std: manifest.std };
    if (!signal) this.shown = this.own;
    this.length = this.own ? this.own.samples / this.own.rate : this.recording.samples / manifest.rate;
    this.find(".decoder-scrub").max = this.length.toFixed(2);
    if (anew) this.now = 0;
    if (signal) {
      this.stream.recording = this.recording;
      this.stream.seek(this.now * manifest.rate);
    }
    this.draw();
  }

  seek(seconds) {
    this.now = seconds;
    if (this.recording?.signal) this.stream.seek(Math.floor(seconds * this.manifest.rate));
    this.draw();
  }

  async toggle() {
    if (this.playing) return this.pause();
    try {
      await this.ready();
    } catch {
      return;
    }
    if (this.now >= this.length) this.seek(0);
    this.playing = true;
    this.find(".decoder-play").textContent = "Pause";
    this.say(this.own ? "Playing your recording." : "Playing a simulated recording.");
    this.last = performance.now();
    requestAnimationFrame(() => this.step());
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.find(".decoder-play").textContent = "Play";
    this.draw();
    this.say(`Paused at ${this.now.toFixed(1)} s.${this.stream.score.windows ? ` Accuracy so far ${percent(this.stream.score.accuracy)}.` : ""}`);
  }

  async step() {
    if (!this.playing) return;
    const at = performance.now();
    const speed = this.find(".decoder-speed").value;
    const gone = Math.min(0.25, (at - this.last) / 1000);
    const whole = speed === "max";
    this.last = at;
    const run = this.stream.run;
    const until = Math.min(this.length, this.now + (whole ? 2 : gone * Number(speed)));
    if (this.recording.signal) await this.stream.until(until * this.manifest.rate + 1e-6);
    if (run === this.stream.run) this.now = until;
    // With less motion it stands still for half a second at a time.
    if (!still.matches || at - (this.drawn ?? 0) > 500) {
      this.drawn = at;
      this.draw();
    }
    if (this.now >= this.length) {
      this.pause();
      this.figure.dispatchEvent(new Event("ended"));
    } else if (this.playing) {
      document.hidden ? setTimeout(() => this.step()) : requestAnimationFrame(() => this.step());
    }
  }

  draw() {
    if (!this.shown || this.find(".decoder-live").hidden) return;
    const { manifest, stream, recording, now } = this;
    const decoding = Boolean(recording.signal);
    const ribbons = [];
    if (recording.labelled ?? true) ribbons.push({ name: "true", of: recording.label, rate: recording.labelRate ?? manifest.rate });
    if (decoding) ribbons.push({ name: "decoded", of: stream.voted, rate: manifest.rate });
    drawSignals(this.find(".decoder-signals"), this.shown, now, this.figure.clientWidth < 600 ? 3 : 5, {
      off: this.off, windowS: manifest.window / manifest.rate, ribbons, names: this.own?.names,
    });
    this.find(".decoder-scrub").value = now;
    this.find(".decoder-time").value = `${now.toFixed(1)} of ${this.length.toFixed(0)} s`;
    const answer = decoding && stream.next > 0 ? stream.voted[stream.next - 1] : -1;
    const truth = (recording.labelled ?? true) ? recording.label[Math.min(recording.label.length - 1, Math.floor(now * (recording.labelRate ?? manifest.rate)))] : -1;
    const name = (c) => (c < 0 ? "nothing yet" : manifest.names[c] ?? `label ${c}`);
    this.find(".decoder-answer").textContent = name(answer);
    this.find(".decoder-truth").textContent = (recording.labelled ?? true) ? name(truth) : "not known";
    for (const each of this.figure.querySelectorAll(".decoder-hand [data-class]")) each.hidden = Number(each.dataset.class) !== Math.max(0, answer);
    this.figure.querySelectorAll(".decoder-bars li").forEach((row, c) => {
      const share = answer >= 0 ? stream.probability[c] : 0;
      const bar = row.querySelector(".decoder-bar");
      bar.style.width = `${(100 * share).toFixed(1)}%`;
      bar.style.background = COLOURS[c];
      row.classList.toggle("decoder-chosen", c === answer);
    });
    this.count(decoding);
  }

  count(decoding) {
    const { stream, manifest } = this;
    const counted = decoding && stream.score.windows;
    this.find(".decoder-accuracy").textContent = counted ? percent(stream.score.accuracy) : "–";
    this.find(".decoder-delay").textContent = counted && stream.delays.length ? `${Math.round(middle(stream.delays))} ms` : "–";
    this.find(".decoder-latency").textContent = stream.latencies.length ? `${middle(stream.latencies).toFixed(2)} ms` : "–";
    const each = [...stream.scores].map(([session, score]) => `session ${session}: ${percent(score.accuracy)}`);
    this.find(".decoder-sessions").textContent = this.own || !each.length ? "" : `Accuracy by session, trained on ${manifest.train.join(" and ")}: ${each.join(", ")}${stream.refits ? `; the last layer was refitted ${stream.refits} times` : ""}.`;
  }

  // A file of the reader's own, read by a worker.
  async read(file) {
    const line = this.find(".decoder-told");
    this.pause();
    line.textContent = `Reading ${file.name} …`;
    this.find(".decoder-file").open = true;
    try {
      await this.ready();
    } catch {
      return;
    }
    this.worker?.terminate();
    this.worker = new Worker(new URL("worker.mjs", this.folder), { type: "module" });
    const { channels, rate, mean, std, labels } = this.manifest;
    this.worker.postMessage({ file, rate: Number(this.find(".decoder-rate").value), network: { channels, rate, mean, std, labels } });
    this.worker.onerror = () => (line.textContent = "The file cannot be read in this browser.");
    this.worker.onmessage = ({ data }) => {
      if (data.share !== undefined) {
        line.textContent = `Reading ${file.name}: ${Math.round(100 * data.share)} %`;
      } else if (data.error) {
        line.textContent = data.error;
      } else {
        this.take(data);
      }
    };
  }

  async take(found) {
    const { manifest } = this;
    this.own = { ...found, raw: found.rate > manifest.rate, recording: found.recording ?? { samples: found.samples, label: found.label, labelRate: found.rate, labelled: Boolean(found.label) } };
    this.now = 0;
    this.find(".decoder-back").hidden = false;
    await this.change();
    this.seek(0);
    const seconds = found.samples / found.rate;
    this.find(".decoder-told").textContent = `${found.channels} channels, ${found.rate} Hz, ${seconds.toFixed(1)} s. ${found.why ?? "The network answers, each channel in its own scale: it was trained on one simulated arm, so expect little."}`;
    const canvas = this.find(".decoder-spectrum");
    canvas.hidden = !found.spectrum;
    if (found.spectrum) drawSpectrum(canvas, found.spectrum, found.rate);
    this.figure.dispatchEvent(new Event("opened"));
  }
}

for (const figure of document.querySelectorAll(".decoder")) {
  const folder = new URL(figure.dataset.folder, document.baseURI);
  const json = async (name) => (await fetch(new URL(name, folder))).json();
  const [manifest, runtime] = await Promise.all([json("manifest.json"), json("runtime.json")]);
  if (runtime.why) figure.querySelector(".decoder-why").append(` In this copy of the book it does not run, for when it was built ${runtime.why}.`);
  else if (typeof WebAssembly === "object") figure.page = new Page(figure, manifest, runtime);
}
