/** Places of the input, as stretches: a million that follow one another are one. */

/** First and last place, both in it. */
export type Stretch = readonly [number, number];

/** A set of places. */
export class Ranges {
  get stretches(): readonly Stretch[] {
    return this._stretches;
  }

  /** How many places are in it. */
  get size(): number {
    return this._stretches.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  has(place: number): boolean {
    let low = 0;
    let high = this._stretches.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [first, last] = this._stretches[middle];
      if (place < first) {
        high = middle - 1;
      } else if (place > last) {
        low = middle + 1;
      } else {
        return true;
      }
    }
    return false;
  }

  add(first: number, last = first): void {
    const before = this._stretches.filter(one => one[1] < first - 1);
    const after = this._stretches.filter(one => one[0] > last + 1);
    const met = this._stretches.slice(before.length, this._stretches.length - after.length);
    const low = Math.min(first, ...met.slice(0, 1).map(one => one[0]));
    const high = Math.max(last, ...met.slice(-1).map(one => one[1]));
    this._stretches = [...before, [low, high], ...after];
  }

  remove(first: number, last = first): void {
    this._stretches = this._stretches.flatMap(([low, high]): Stretch[] => {
      if (high < first || low > last) {
        return [[low, high]];
      }
      const left: Stretch[] = low < first ? [[low, first - 1]] : [];
      return high > last ? [...left, [last + 1, high]] : left;
    });
  }

  clear(): void {
    this._stretches = [];
  }

  private _stretches: Stretch[] = [];
}
