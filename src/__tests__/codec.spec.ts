/** The codec against the server's own bytes, and against a naive model. */
import { readFileSync } from 'fs';
import { join } from 'path';

import {
  applyDelta,
  inflate,
  readFrame,
  readVarint,
  writeDelta,
  writeFrame,
  writeVarint
} from '../codec';

const vectors = JSON.parse(
  readFileSync(join(__dirname, '..', '..', 'tests', 'vectors', 'live.json'), 'utf-8')
);

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function buffer(hex: string): ArrayBuffer {
  return bytes(hex).slice().buffer as ArrayBuffer;
}

/** Numbers that are the same in each run. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe('the vectors of the server', () => {
  it.each<[number, string]>(vectors.varints)('varint %d', (value, hex) => {
    expect(readVarint(bytes(hex), 0)).toEqual([value, hex.length / 2]);
    const out: number[] = [];
    writeVarint(out, value);
    expect(Buffer.from(out).toString('hex')).toBe(hex);
  });

  it('frames', () => {
    expect(vectors.frames.length).toBeGreaterThan(5);
    for (const { header, body, bytes: whole } of vectors.frames) {
      const frame: any = readFrame(buffer(whole));
      expect(frame).toMatchObject(header);
      if (frame.body) {
        expect(Buffer.from(frame.body).toString('hex')).toBe(body);
      }
    }
  });

  it('snapshots', async () => {
    expect(vectors.snapshots.length).toBeGreaterThan(2);
    for (const { states, body } of vectors.snapshots) {
      expect(Buffer.from(await inflate(bytes(body))).toString('hex')).toBe(states);
    }
  });

  it('deltas', () => {
    expect(vectors.deltas.length).toBeGreaterThan(5);
    for (const { old, new: next, body } of vectors.deltas) {
      const states = new Uint8Array(next.length / 2);
      states.set(bytes(old));
      applyDelta(states, states.length, bytes(body));
      expect(Buffer.from(states).toString('hex')).toBe(next);
    }
  });
});

describe('round trips', () => {
  it('folds any deltas to the last states', () => {
    const dice = random(7);
    for (let round = 0; round < 60; round++) {
      let old = new Uint8Array(0);
      const folded = new Uint8Array(4000);
      for (let step = 0; step < 8; step++) {
        const total = Math.min(4000, old.length + Math.floor(dice() * 500));
        const next = new Uint8Array(total);
        next.set(old);
        const changes = Math.floor(dice() * 300);
        for (let i = 0; i < changes && total; i++) {
          next[Math.floor(dice() * total)] = Math.floor(dice() * 7);
        }
        applyDelta(folded, total, writeDelta(old, next));
        expect(folded.subarray(0, total)).toEqual(next);
        old = next;
      }
    }
  });

  it('gives the range that was touched, and null for none', () => {
    const states = new Uint8Array(10);
    expect(applyDelta(states, 10, Uint8Array.of(2, 2, 3, 3, 3, 1, 4))).toEqual([2, 7]);
    expect([...states]).toEqual([0, 0, 3, 3, 0, 0, 0, 4, 0, 0]);
    expect(applyDelta(states, 10, new Uint8Array())).toBeNull();
  });

  it('takes a frame apart as it was put together', () => {
    const header = { type: 'error', project: 'p', run: 'r', code: 'x', message: 'größer \u202e' };
    expect(readFrame(writeFrame(header))).toEqual(header);
  });
});

describe('what is broken', () => {
  it('a stretch behind the end changes nothing', () => {
    const states = new Uint8Array(4);
    const broken = Uint8Array.of(0, 1, 3, 2, 2, 3, 3); // the second stretch ends at 5
    expect(() => applyDelta(states, 4, broken)).toThrow(RangeError);
    expect([...states]).toEqual([0, 0, 0, 0]);
  });

  it('a stretch longer than the message', () => {
    expect(() => applyDelta(new Uint8Array(9), 9, Uint8Array.of(0, 5, 1))).toThrow(RangeError);
  });

  it('a number without an end, or without measure', () => {
    expect(() => readVarint(Uint8Array.of(0x80, 0x80), 0)).toThrow(RangeError);
    expect(() => readVarint(new Uint8Array(12).fill(0xff), 0)).toThrow(RangeError);
    expect(() => readVarint(bytes('ffffffffffffff7f'), 0)).toThrow(RangeError);
  });

  it('a header longer than its message', () => {
    expect(() => readFrame(buffer('ff0000007b7d'))).toThrow(RangeError);
  });

  it('a snapshot that is no zlib', async () => {
    await expect(inflate(Uint8Array.of(1, 2, 3, 4))).rejects.toThrow(/header/);
  });

  it('a type that a newer server sends is left alone', () => {
    expect(readFrame(writeFrame({ type: 'hist' }, Uint8Array.of(1)))).toEqual({ type: 'unknown' });
  });
});
