// The last layer, and how it learns from what it has said itself (semg_lib.publishing.decoder).

// Corrected classes: of each window that whose probability has the largest median in its
// neighbourhood (semg_lib.learning.recalibration.median).
export function median(probability, reach) {
  return probability.map((row, i) => {
    const near = probability.slice(Math.max(0, i - reach), i + reach + 1);
    const lower = (near.length - 1) >> 1;
    const middles = Array.from(row, (_, c) => {
      const sorted = Float64Array.from(near, (each) => each[c]).sort();
      return (sorted[lower] + sorted[near.length >> 1]) / 2;
    });
    return largest(middles);
  });
}

export function largest(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

export class LastLayer {
  // Of weights (class, value) and biases (class).
  constructor(weight, bias) {
    this.classes = bias.length;
    this.values = weight[0].length;
    this.first = Float64Array.from([...weight.flatMap((row, c) => [...row, bias[c]])]);
    this.reset();
  }

  reset() {
    this.matrix = this.first.slice(); // (class, value + 1), the bias last
  }

  // Class probabilities of one window's features.
  probability(features) {
    const { matrix, values, classes } = this;
    const odds = new Float64Array(classes);
    let most = -Infinity;
    for (let c = 0, w = 0; c < classes; c++) {
      let sum = 0;
      for (let v = 0; v < values; v++) sum += matrix[w++] * features[v];
      odds[c] = sum + matrix[w++];
      most = Math.max(most, odds[c]);
    }
    let whole = 0;
    for (let c = 0; c < classes; c++) whole += odds[c] = Math.exp(odds[c] - most);
    return odds.map((each) => each / whole);
  }

  // Descend from the layer that is there, every class with the same weight.
  fit(features, column, steps) {
    const counts = new Float64Array(this.classes);
    for (const c of column) counts[c] += 1;
    let total = 0;
    const share = Float64Array.from(column, (c) => 1 / counts[c]);
    for (const each of share) total += each;
    let power = 0;
    features.forEach((row, i) => {
      share[i] /= total;
      power += share[i] * row.reduce((sum, x) => sum + x * x, 1);
    });
    const step = 2 / power;
    for (let s = 0; s < steps; s++) {
      const slope = new Float64Array(this.matrix.length);
      features.forEach((row, i) => {
        const wrong = this.probability(row);
        wrong[column[i]] -= 1;
        for (let c = 0, w = 0; c < this.classes; c++) {
          const by = wrong[c] * share[i];
          for (let v = 0; v < this.values; v++) slope[w++] += by * row[v];
          slope[w++] += by;
        }
      });
      for (let w = 0; w < slope.length; w++) this.matrix[w] -= step * slope[w];
    }
  }
}
