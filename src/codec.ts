/**
 * Frames of the stream: 4 bytes of length, a JSON header, a body. Pure functions; the
 * vectors in tests/vectors/live.json hold both halves to the same bytes.
 */
import type { ICluster, ICounts, IGroup, IOther, IRun, IWorker } from './tokens';

/** Headers by type; `T` is what stands in the body. */
export type Frame =
  | { type: 'hello'; proto: number; version: string }
  | { type: 'runs'; project: string; runs: IRun[] }
  | { type: 'clusters'; project: string; clusters: ICluster[] }
  | IStates<'snapshot'>
  | IStates<'delta'>
  | { type: 'groups'; project: string; run: string; groups: IGroup[]; other: IOther | null }
  | { type: 'workers'; project: string; run: string; workers: IWorker[] }
  | { type: 'error'; project?: string; run?: string; code: string; message: string }
  | { type: 'unknown' };

/** A frame that says in which states datums are; the body is not yet applied. */
export interface IStates<T extends string> {
  type: T;
  project: string;
  run: string;
  seq: number;
  total: number;
  counts: ICounts;
  body: Uint8Array;
}

const utf8 = new TextDecoder('utf-8');

/**
 * Read a frame.
 *
 * @throws RangeError if the header is longer than the message.
 */
export function readFrame(message: ArrayBuffer): Frame {
  const view = new DataView(message);
  const end = 4 + view.getUint32(0, true);
  if (end > message.byteLength) {
    throw new RangeError('the header is longer than its message');
  }
  const header = JSON.parse(utf8.decode(new Uint8Array(message, 4, end - 4)));
  return withBody(header, new Uint8Array(message, end));
}

function withBody(header: any, body: Uint8Array): Frame {
  switch (header.type) {
    case 'snapshot':
    case 'delta':
      return { ...header, body };
    case 'runs':
      return { ...header, runs: json(body) };
    case 'clusters':
      return { ...header, clusters: json(body) };
    case 'groups':
      return { ...header, ...json(body) };
    case 'workers':
      return { ...header, workers: json(body) };
    case 'hello':
    case 'error':
      return header;
    default:
      return { type: 'unknown' }; // of a newer server: not for us
  }
}

function json(body: Uint8Array): any {
  return JSON.parse(utf8.decode(body));
}

/** Write a frame, as the server does; for tests and replays. */
export function writeFrame(header: object, body: Uint8Array = new Uint8Array()): ArrayBuffer {
  const head = new TextEncoder().encode(JSON.stringify(header));
  const out = new Uint8Array(4 + head.length + body.length);
  new DataView(out.buffer).setUint32(0, head.length, true);
  out.set(head, 4);
  out.set(body, 4 + head.length);
  return out.buffer;
}

/** Inflate a snapshot's body: one byte a position. */
export async function inflate(body: Uint8Array): Promise<Uint8Array> {
  // 'deflate' is zlib's format here, with its header and checksum.
  const stream = new DecompressionStream('deflate');
  const writer = stream.writable.getWriter();
  // What is wrong with the body is told by the reader; here it would be told twice.
  void writer.write(body as BufferSource).catch(() => undefined);
  void writer.close().catch(() => undefined);
  const chunks: Uint8Array[] = [];
  const reader = stream.readable.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
  }
  return joined(chunks);
}

function joined(chunks: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/**
 * Read the varint at `at`: its value and where the next one begins.
 *
 * Bits are added by arithmetic, since `<<` ends at 32 of them.
 *
 * @throws RangeError if it does not end, or says more than a double can hold.
 */
export function readVarint(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  let scale = 1;
  for (;;) {
    if (at >= bytes.length || scale > 2 ** 49) {
      throw new RangeError('a number in a frame does not end');
    }
    const byte = bytes[at++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (!Number.isSafeInteger(value)) {
        throw new RangeError('a number in a frame is too large');
      }
      return [value, at];
    }
    scale *= 128;
  }
}

/** Append the varint of `value`. */
export function writeVarint(out: number[], value: number): void {
  while (value > 0x7f) {
    out.push((value % 128) + 128);
    value = Math.floor(value / 128);
  }
  out.push(value);
}

/**
 * Put the stretches of a delta into `states`, and return the first and the last position
 * that it touched, or null if it touched none.
 *
 * Nothing is written if the delta does not fit: a half-applied one would go unnoticed.
 *
 * @throws RangeError if a stretch ends behind `total`.
 */
export function applyDelta(
  states: Uint8Array,
  total: number,
  body: Uint8Array
): [number, number] | null {
  const size = Math.min(total, states.length);
  let range: [number, number] | null = null;
  for (const write of [false, true]) {
    let at = 0;
    let position = 0;
    while (at < body.length) {
      let length;
      let gap;
      [gap, at] = readVarint(body, at);
      [length, at] = readVarint(body, at);
      position += gap;
      if (position + length > size || at + length > body.length) {
        throw new RangeError('a stretch ends behind the last datum');
      }
      if (write) {
        states.set(body.subarray(at, at + length), position);
        range = [range ? range[0] : position, position + length - 1];
      }
      at += length;
      position += length;
    }
  }
  return range;
}

/** Return the delta that makes `next` of `old`; positions behind `old` were pending. */
export function writeDelta(old: Uint8Array, next: Uint8Array): Uint8Array {
  const out: number[] = [];
  let end = 0;
  for (let at = 0; at < next.length; at++) {
    if (next[at] === (old[at] ?? 0)) {
      continue;
    }
    const start = at;
    while (at < next.length && next[at] !== (old[at] ?? 0)) {
      at++;
    }
    writeVarint(out, start - end);
    writeVarint(out, at - start);
    out.push(...next.subarray(start, at));
    end = at;
  }
  return Uint8Array.from(out);
}
