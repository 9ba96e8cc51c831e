// Majority votes, and what is counted of them.

// The majority of the last n answers. A tie goes to the newest answer, then to the first class.
export class Vote {
  constructor(n, classes) {
    this.n = Math.max(1, n);
    this.counts = new Uint32Array(classes);
    this.last = [];
  }

  push(answer) {
    this.last.push(answer);
    this.counts[answer] += 1;
    if (this.last.length > this.n) this.counts[this.last.shift()] -= 1;
    let best = 0;
    const worth = (c) => this.counts[c] + (c === answer ? 0.5 : 0);
    for (let c = 1; c < this.counts.length; c++) if (worth(c) > worth(best)) best = c;
    return best;
  }
}

// Accuracy with the same weight for each class that was met.
export class Score {
  constructor(classes) {
    this.right = new Uint32Array(classes);
    this.met = new Uint32Array(classes);
  }

  add(truth, answer) {
    this.met[truth] += 1;
    if (truth === answer) this.right[truth] += 1;
  }

  get windows() {
    return this.met.reduce((sum, each) => sum + each, 0);
  }

  get accuracy() {
    let [sum, n] = [0, 0];
    this.met.forEach((met, c) => {
      if (met) [sum, n] = [sum + this.right[c] / met, n + 1];
    });
    return n ? sum / n : NaN;
  }
}

export function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  return n ? (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2 : NaN;
}
