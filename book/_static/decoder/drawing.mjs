// Signals, ribbons and spectra on canvases, in the page's own colours.

// Okabe and Ito's colours, rest in grey; more classes begin again.
export const COLOURS = ["#8a8f98", "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a800", "#7b4fa3"];
export const colour = (c) => (c <= 0 ? COLOURS[0] : COLOURS[1 + ((c - 1) % (COLOURS.length - 1))]);

export function theme() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--pst-color-text-base"), muted: of("--pst-color-text-muted"), ground: of("--pst-color-background"), line: of("--pst-color-border") };
}

// A canvas as sharp as the screen; its context draws in CSS pixels.
function begin(canvas, height) {
  const width = canvas.clientWidth;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  return { context, width, height };
}

const LEFT = 58; // of names

// The seconds before now: `shown` is { signal, rate, channels, mean, std, raw }.
export function drawSignals(canvas, shown, now, seconds, { off = [], windowS = 0, ribbons = [], names }) {
  const rows = shown.channels;
  const row = Math.max(6, Math.min(24, 240 / rows));
  const { context, width, height } = begin(canvas, rows * row + 8 + 30 * ribbons.length + 18);
  const look = theme();
  const x = (s) => LEFT + ((s - (now - seconds)) / seconds) * (width - LEFT - 2);
  const first = Math.max(0, Math.floor((now - seconds) * shown.rate));
  const last = Math.min(shown.signal.length / rows, Math.ceil(now * shown.rate));
  context.lineWidth = 1.2;
  for (let c = 0; c < rows; c++) {
    const middle = (c + (shown.raw ? 0.5 : 0.72)) * row + 4;
    context.fillStyle = context.strokeStyle = off.includes(c) ? look.line : look.ink;
    if (row >= 11) context.fillText(names?.[c] ?? `${c + 1}`, 2, middle - 3, LEFT - 6);
    const gain = row / ((shown.raw ? 8 : 3) * shown.std[c]); // of a raw signal both halves show
    const y = (i) => middle - Math.max(-0.6 * row, Math.min(1.3 * row, (shown.signal[i * rows + c] - shown.mean[c]) * gain));
    context.beginPath();
    const per = (last - first) / (width - LEFT);
    if (per <= 2) {
      for (let i = first; i < last; i++) context.lineTo(x((i + 1) / shown.rate), y(i));
    } else {
      // More samples than pixels: of each pixel the lowest and the highest.
      for (let p = 0; p * per < last - first; p++) {
        let [low, high] = [Infinity, -Infinity];
        for (let i = first + Math.floor(p * per); i < Math.min(last, first + Math.floor((p + 1) * per)); i++) {
          [low, high] = [Math.min(low, y(i)), Math.max(high, y(i))];
        }
        if (low > high) continue;
        const at = x((first + p * per) / shown.rate);
        context.moveTo(at, low);
        context.lineTo(at, high + 0.5);
      }
    }
    context.stroke();
  }
  const bottom = rows * row + 6;
  ribbons.forEach(({ name, of, rate }, k) => {
    const top = bottom + 4 + 30 * k;
    context.fillStyle = look.ink;
    context.fillText(name, 2, top + 12, LEFT - 4);
    const [begin, end] = [Math.max(0, Math.floor((now - seconds) * rate)), Math.min(of.length, Math.ceil(now * rate))];
    for (let i = begin; i < end; ) {
      let j = i + 1;
      while (j < end && of[j] === of[i]) j++;
      if (of[i] >= 0) {
        const [a, b] = [Math.max(LEFT, x(i / rate)), Math.min(width, x(j / rate))];
        context.fillStyle = colour(of[i]);
        context.fillRect(a, top, Math.max(0.5, b - a), 24);
      }
      i = j;
    }
  });
  if (windowS) {
    context.strokeStyle = "#d55e00";
    context.lineWidth = 2;
    context.strokeRect(x(now - windowS), 3, x(now) - x(now - windowS) - 1, bottom - 4);
  }
  context.fillStyle = look.muted;
  const y = height - 8;
  for (let s = Math.ceil(now - seconds); s <= now; s++) {
    if (s >= 0 && x(s) < width - 24) context.fillText(`${s} s`, x(s), y);
  }
}

// One line a channel: power over frequency, both in decades.
export function drawSpectrum(canvas, spectrum, rate) {
  const { context, width, height } = begin(canvas, 180);
  const look = theme();
  const n = spectrum[0].length;
  const logs = spectrum.map((each) => Array.from(each, (power) => Math.log10(Math.max(power, 1e-30))));
  const every = logs.flatMap((each) => each.slice(1));
  const high = Math.max(...every);
  const low = Math.max(Math.min(...every), high - 6);
  const x = (k) => 8 + (k / (n - 1)) * (width - 16);
  logs.forEach((each, c) => {
    context.strokeStyle = colour(c + 1);
    context.beginPath();
    for (let k = 1; k < n; k++) context.lineTo(x(k), 8 + ((high - Math.max(low, each[k])) / (high - low || 1)) * (height - 34));
    context.stroke();
  });
  context.fillStyle = look.muted;
  for (let i = 0; i <= 4; i++) {
    context.textAlign = ["left", "center", "center", "center", "right"][i];
    context.fillText(`${+((rate / 8) * i).toFixed(1)} Hz`, x(((n - 1) * i) / 4), height - 8);
  }
  context.textAlign = "left";
}
