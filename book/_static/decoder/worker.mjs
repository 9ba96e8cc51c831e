// Reads a file of one's own beside the page, so that a large one never stops it.
import { Broken, Reader } from "./csv.mjs";
import { envelope, spread } from "./pipeline.mjs";
import { welch } from "./spectrum.mjs";

self.onmessage = async ({ data: { file, rate, network } }) => {
  try {
    const found = await read(file, rate, network);
    // What is big is handed over, not copied.
    const big = Object.values(found).filter(ArrayBuffer.isView).map((each) => each.buffer);
    self.postMessage(found, [...new Set(big)]);
  } catch (error) {
    const told = error instanceof Broken ? error.message : `The file cannot be read: ${error.message}`;
    self.postMessage({ error: told });
  }
};

async function read(file, rate, network) {
  const reader = new Reader(rate);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let done = 0;
  for (const stream = file.stream().getReader(); ; ) {
    const piece = await stream.read();
    if (piece.done) break;
    try {
      reader.push(decoder.decode(piece.value, { stream: true }));
    } catch (error) {
      throw error instanceof Broken ? error : new Broken("This is no text: save it as CSV in UTF-8.");
    }
    done += piece.value.length;
    self.postMessage({ share: done / file.size });
  }
  const found = reader.end();
  const { signal, channels, samples } = found;
  const length = found.rate < 500 ? 128 : 512;
  if (samples >= length) {
    found.spectrum = Array.from({ length: channels }, (_, c) => welch(signal, channels, c, found.rate, length, 400));
  }
  Object.assign(found, spread(signal, channels));
  Object.assign(found, fitted(found, network));
  return found;
}

// The envelope in the network's scale, and labels at its rate; or why there is no answer.
function fitted({ signal, channels, rate, label }, network) {
  if (channels !== network.channels) {
    return { why: `The network reads ${network.channels} channels, this recording has ${channels}: no answer.` };
  }
  const every = rate / network.rate;
  if (every < 1 || Math.abs(every - Math.round(every)) > 1e-6) {
    return { why: `The network needs ${network.rate} Hz or a multiple of it, this recording has ${rate} Hz: no answer.` };
  }
  const made = every === 1 ? signal : envelope(signal, channels, rate, network.rate);
  const own = spread(made, channels);
  const input = made.map((value, i) => {
    const c = i % channels;
    return ((value - own.mean[c]) / own.std[c]) * network.std[c] + network.mean[c];
  });
  return { input, recording: classes(label, every, made.length / channels, network) };
}

// What a stream takes of labels: classes of the network, at its rate; all windows count.
function classes(label, every, samples, { labels }) {
  const known = new Int16Array(samples).fill(-1);
  if (label) for (let i = 0; i < samples; i++) known[i] = labels.indexOf(label[Math.round(i * every)]);
  const counts = new Uint8Array(samples).fill(1);
  return { samples, label: known, session: new Int16Array(samples), counts, labelled: known.some((each) => each >= 0) };
}
