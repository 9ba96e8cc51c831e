// ONNX Runtime's WebAssembly, in one thread; it comes when it is asked for.

export class Network {
  static async load(folder, weights, { module, wasm }) {
    const ort = await import(new URL(module, folder));
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = { wasm: new URL(wasm, folder).href };
    const session = await ort.InferenceSession.create(weights, { executionProviders: ["wasm"] });
    return new Network(ort, session);
  }

  constructor(ort, session) {
    Object.assign(this, { ort, session });
  }

  // Features of each window of a batch (window, channel, time).
  async features(batch, windows, channels, length) {
    const input = new this.ort.Tensor("float32", batch, [windows, channels, length]);
    const { features } = await this.session.run({ windows: input }, ["features"]);
    const width = features.dims[1];
    return Array.from({ length: windows }, (_, i) => features.data.subarray(i * width, (i + 1) * width));
  }
}
