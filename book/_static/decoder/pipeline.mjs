// From a recording to what the network sees, as semg_lib does it; signals are (sample, channel).

// Numbers of 12 bits, two in three bytes, times the volts of a step.
export function unpack(bytes, volts) {
  const signal = new Float32Array((bytes.length / 3) * 2);
  for (let i = 0, k = 0; i < bytes.length; i += 3) {
    signal[k++] = (bytes[i] | ((bytes[i + 1] & 15) << 8)) * volts;
    signal[k++] = ((bytes[i + 1] >> 4) | (bytes[i + 2] << 4)) * volts;
  }
  return signal;
}

// The root mean square over two new samples, centred and mirrored at the ends, at the lower rate.
export function envelope(signal, channels, rate, target) {
  const every = Math.round(rate / target);
  if (every < 1 || Math.abs(rate / target - every) > 1e-9) {
    throw new RangeError(`${rate} Hz is no whole number of times ${target} Hz`);
  }
  const n = signal.length / channels;
  const length = Math.max(1, Math.round((2 * rate) / target));
  const made = new Float32Array(Math.ceil(n / every) * channels);
  const mirrored = (i) => {
    const at = ((i % (2 * n)) + 2 * n) % (2 * n);
    return at < n ? at : 2 * n - 1 - at;
  };
  for (let c = 0; c < channels; c++) {
    for (let i = 0, k = c; i < n; i += every, k += channels) {
      const first = i - (length >> 1);
      let power = 0;
      for (let j = first; j < first + length; j++) {
        power += signal[(j >= 0 && j < n ? j : mirrored(j)) * channels + c] ** 2;
      }
      made[k] = Math.sqrt(power / length);
    }
  }
  return made;
}

// Mean and standard deviation of each channel; a dead one is left as it is.
export function spread(signal, channels) {
  const n = signal.length / channels;
  const mean = new Float64Array(channels);
  const std = new Float64Array(channels);
  for (let i = 0; i < signal.length; i++) mean[i % channels] += signal[i] / n;
  for (let i = 0; i < signal.length; i++) std[i % channels] += (signal[i] - mean[i % channels]) ** 2 / n;
  return { mean, std: std.map((each) => Math.sqrt(each) || 1) };
}

export function standardise(signal, channels, mean, std) {
  return signal.map((value, i) => (value - mean[i % channels]) / std[i % channels]);
}

// 32 bits that look random for each number.
function bits(x) {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

// The i-th number of a normal sequence that is the same everywhere.
export function normal(i) {
  const [u, v] = [bits(2 * i + 1) / 2 ** 32, bits(2 * i + 2) / 2 ** 32];
  return Math.sqrt(-2 * Math.log(u + 0.5 / 2 ** 32)) * Math.cos(2 * Math.PI * v);
}

// What the controls make of envelopes: a turned armband, noise, silent electrodes, in this order. A
// signal that nothing happens to is returned itself.
export function disturb(signal, channels, std, ring, { turn = 0, noise = 0, off = [] }) {
  if (!turn && !noise && !off.length) return signal;
  const made = new Float64Array(signal);
  if (turn) {
    const whole = Math.floor(turn / (360 / ring));
    const share = turn / (360 / ring) - whole;
    for (let at = 0; at < signal.length; at += channels) {
      for (let c = 0; c < ring; c++) {
        const near = (((c + whole) % ring) + ring) % ring;
        const [a, b] = [signal[at + near], signal[at + ((near + 1) % ring)]];
        made[at + c] = Math.sqrt((1 - share) * a * a + share * b * b);
      }
    }
  }
  if (noise) {
    for (let i = 0; i < made.length; i++) {
      made[i] = Math.max(made[i] + noise * std[i % channels] * normal(i), 0);
    }
  }
  for (const c of off) for (let i = c; i < made.length; i += channels) made[i] = 0;
  return new Float32Array(made);
}

// A batch (window, channel, time) of the windows that begin at these samples.
export function gather(signal, channels, length, starts) {
  const batch = new Float32Array(starts.length * channels * length);
  let k = 0;
  for (const start of starts) {
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < length; t++) batch[k++] = signal[(start + t) * channels + c];
    }
  }
  return batch;
}
