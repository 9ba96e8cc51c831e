// A recording of one's own: text in pieces, lines of numbers, one column a channel.

const TIME = /^(t|time|seconds?|time[ _]?\(?s\)?|timestamp)$/i;
const LABEL = /^(labels?|class|movement|gesture|stimulus|restimulus)$/i;
export const MOST_CHANNELS = 64;

export class Broken extends Error {}

export class Reader {
  // The rate counts where there is no column of times.
  constructor(rate) {
    this.rate = rate;
    this.rest = "";
    this.line = 0;
    this.rows = 0;
    this.blocks = [];
    this.block = null;
  }

  push(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop();
    if (this.rest.length > 1e5) throw new Broken(`Line ${this.line + 1} does not end: this is no CSV file.`);
    for (const line of lines) this.take(line);
  }

  take(line) {
    this.line += 1;
    const text = line.trim().replace(/^\ufeff/, "");
    if (!text) return;
    const rate = /^#?\s*(?:sampling[ _-]?)?rate(?:[ _]?\(?hz\)?)?\s*[=:,;\s]\s*([\d.]+)\s*(?:hz)?$/i.exec(text);
    if (rate) {
      this.rate = Number(rate[1]);
      return;
    }
    if (text.startsWith("#")) return;
    this.separator ??= [",", ";", "\t"].find((each) => text.includes(each)) ?? /\s+/;
    const cells = text.split(this.separator);
    if (!this.width) {
      this.width = cells.length;
      if (cells.some((each) => Number.isNaN(Number(each)))) {
        this.head(cells.map((each) => each.trim().replace(/^"|"$/g, "")));
        return;
      }
      this.head(cells.map((_, i) => `channel ${i + 1}`));
    }
    if (cells.length !== this.width) {
      throw new Broken(`Line ${this.line} has ${cells.length} values, the first line ${this.width}.`);
    }
    this.block ??= new Float64Array(this.width * 4096);
    const at = (this.rows % 4096) * this.width;
    for (let i = 0; i < this.width; i++) {
      const value = cells[i] === "" ? NaN : Number(cells[i]);
      if (!Number.isFinite(value)) {
        const shown = cells[i].trim().slice(0, 20);
        throw new Broken(`Line ${this.line}: ${shown ? `“${shown}”` : "nothing"} in column ${i + 1} is no number.`);
      }
      this.block[at + i] = value;
    }
    this.rows += 1;
    if (this.rows % 4096 === 0) {
      this.keep(4096);
      this.block = null;
    }
  }

  head(names) {
    this.time = names.findIndex((each) => TIME.test(each));
    this.label = names.findIndex((each) => LABEL.test(each));
    this.columns = names.map((_, i) => i).filter((i) => i !== this.time && i !== this.label);
    this.names = this.columns.map((i) => names[i]);
    const n = this.columns.length;
    if (!n || n > MOST_CHANNELS) throw new Broken(`${n} channels: expected 1 to ${MOST_CHANNELS}, one a column.`);
  }

  // Signals in single precision, and of times and labels what is needed.
  keep(rows) {
    const { width, columns, block } = this;
    const signal = new Float32Array(rows * columns.length);
    const label = this.label < 0 ? null : new Int16Array(rows);
    for (let r = 0, k = 0; r < rows; r++) {
      for (const c of columns) signal[k++] = block[r * width + c];
      if (label) label[r] = block[r * width + this.label];
      if (this.time >= 0) {
        const time = block[r * width + this.time];
        if (this.first === undefined) this.first = time;
        else if (!(time > this.last)) throw new Broken(`Times do not rise at ${time} s.`);
        this.last = time;
      }
    }
    this.blocks.push({ signal, label });
  }

  end() {
    if (this.rest) this.take(this.rest);
    if (this.rows % 4096) this.keep(this.rows % 4096);
    if (this.rows < 2) throw new Broken("There are no lines of numbers in this file.");
    let rate = this.rate;
    if (this.time >= 0) {
      rate = (this.rows - 1) / (this.last - this.first);
      const near = Math.round(rate); // times are rounded
      if (Math.abs(rate - near) / rate < 1e-3) rate = near;
    }
    if (!(rate > 0)) throw new Broken("The rate is not known: add a column time, or type the rate.");
    const channels = this.columns.length;
    const signal = new Float32Array(this.rows * channels);
    const label = this.label < 0 ? null : new Int16Array(this.rows);
    let at = 0;
    for (const each of this.blocks) {
      signal.set(each.signal, at * channels);
      label?.set(each.label, at);
      at += each.signal.length / channels;
    }
    this.blocks = [];
    return { signal, label, rate, channels, samples: this.rows, names: this.names };
  }
}
