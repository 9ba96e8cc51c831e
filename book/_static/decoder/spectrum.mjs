// Power spectral density by Welch's method, as scipy.signal.welch has it: Hann, half overlapping.

export function welch(signal, channels, channel, rate, length, most = Infinity) {
  const n = signal.length / channels;
  const taper = Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length));
  const energy = taper.reduce((sum, each) => sum + each * each, 0);
  const power = new Float64Array(length / 2 + 1);
  let frames = 0;
  for (let at = 0; at + length <= n && frames < most; at += length / 2, frames++) {
    const re = new Float64Array(length);
    const im = new Float64Array(length);
    let mean = 0;
    for (let i = 0; i < length; i++) mean += signal[(at + i) * channels + channel] / length;
    for (let i = 0; i < length; i++) re[i] = (signal[(at + i) * channels + channel] - mean) * taper[i];
    transform(re, im);
    for (let k = 0; k < power.length; k++) power[k] += re[k] ** 2 + im[k] ** 2;
  }
  return power.map((each, k) => (each / frames / rate / energy) * (k && k < length / 2 ? 2 : 1));
}

// Fourier's transform in place; the length is a power of two.
function transform(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let size = 2; size <= n; size *= 2) {
    for (let k = 0; k < size / 2; k++) {
      const [c, s] = [Math.cos((2 * Math.PI * k) / size), -Math.sin((2 * Math.PI * k) / size)];
      for (let i = k; i < n; i += size) {
        const j = i + size / 2;
        const [x, y] = [re[j] * c - im[j] * s, re[j] * s + im[j] * c];
        [re[j], im[j]] = [re[i] - x, im[i] - y];
        [re[i], im[i]] = [re[i] + x, im[i] + y];
      }
    }
  }
}
