import { nullTranslator } from '@jupyterlab/translation';

import { language, localeOf } from '../../language';
import { STATES } from '../../tokens';
import type { ICounts } from '../../tokens';
import {
  bytes,
  clock,
  count,
  datumName,
  failedOf,
  failedWord,
  leftAlone,
  noAlarm,
  oneLine,
  ofAll,
  percent,
  progress,
  placeWord,
  rate,
  share,
  span,
  stateWord,
  stillFailed,
  visible
} from '../format';

describe('figures', () => {
  it.each([
    [0, 10, '0%'],
    [1, 1_000_000, '<0.1%'],
    [999_999, 1_000_000, '99.9%'],
    [10, 10, '100%'],
    [76, 400, '19.0%'],
    [0, 0, '0%'],
    [612_004, 1_000_000, '61.2%']
  ])('%d of %d is %s', (part, whole, text) => expect(percent(part, whole)).toBe(text));

  it('gives no share of what is not known yet', () => {
    const counts = { status: 'running', planned: 0 } as ICounts;
    const trans = nullTranslator.load('x');
    expect(progress(counts, 127, 127)).toBe('127');
    expect(ofAll(trans, counts, 127)).toBe('of 127, still listing');
    expect(ofAll(trans, { ...counts, status: 'cancelled' }, 127)).toBe('of 127 that were listed');
    expect(progress({ ...counts, planned: 1 }, 127, 400)).toBe('31.7%');
    expect(ofAll(trans, { ...counts, planned: 1 }, 400)).toBe('of 400');
  });

  it.each([
    [0, '0 ms'],
    [0.0002, '<1 ms'],
    [0.004, '4 ms'],
    [9.24, '9.2 s'],
    [12, '12 s'],
    [185, '3 min 5 s'],
    [9660, '2 h 41 min']
  ])('span of %d is %s', (seconds, text) => expect(span(seconds)).toBe(text));

  it('clock, count, bytes, rate', () => {
    expect([clock(42), clock(250), clock(9667)]).toEqual(['0:42', '4:10', '2:41:07']);
    expect(count(1_234_567)).toBe('1,234,567');
    expect([bytes(12), bytes(3400), bytes(1_900_000_000)]).toEqual(['12 B', '3.4 KB', '1.9 GB']);
    expect([rate(2450.4), rate(3.21), rate(0.04)]).toEqual(['2,450', '3.2', '0.04']);
  });
});

describe('figures in another language', () => {
  afterEach(() => (language.locale = 'en-US'));

  it("are written as JupyterLab's language writes them", () => {
    language.locale = localeOf('de_DE', ['en-US']);
    expect([count(1_234_567), span(9.24), bytes(1_900_000_000)]).toEqual([
      '1.234.567',
      '9,2 s',
      '1,9 GB'
    ]);
    expect([rate(2450.4), rate(0.04), share(0.5)]).toEqual(['2.450', '0,04', '50\u00a0%']);
    expect(percent(612_004, 1_000_000)).toBe('61,2\u00a0%');
    expect(percent(1, 1_000_000)).toBe('<0,1\u00a0%');
  });

  it.each([
    ['en', ['de-DE', 'en-GB'], 'en-GB'],
    ['en', ['de-DE'], 'en'],
    ['de_DE', ['fr', 'de-CH'], 'de-CH'],
    ['de_DE', [], 'de-DE'],
    ['zh_CN', ['en-US'], 'zh-CN'],
    ['no such language', ['en-GB'], 'en-GB'],
    ['no such language', [], 'en-US']
  ])('%s in a browser of %j is written as %s', (code, spoken, locale) =>
    expect(localeOf(code, spoken)).toBe(locale)
  );
});

describe('failures that are expected', () => {
  const trans = nullTranslator.load('x');
  it.each([
    [{ failed: 12, expected: 3 }, '12 failed, 3 of them expected', false],
    [{ failed: 1200, expected: 1200 }, '1,200 failed, all expected', true],
    [{ failed: 1, expected: 1 }, '1 failed, expected', true],
    [{ failed: 12 }, '12 failed', false],
    [{ failed: 0 }, '0 failed', false]
  ])('%j: %s', (counts, words, quiet) => {
    expect([failedWord(trans, counts), noAlarm(counts)]).toEqual([words, quiet]);
  });

  it('are told of the whole', () => {
    expect(failedOf(trans, { failed: 1, total: 1 })).toBe('1 of 1 datum failed');
    const said = failedOf(trans, { failed: 12, total: 1000, expected: 3 });
    expect(said).toBe('12 of 1,000 datums failed, 3 of them expected');
  });
});

describe('foreign text', () => {
  it('loses the colours of terminals', () => {
    expect(visible('\u001b[0;31mError\u001b[0m: x')).toBe('Error: x');
    expect(visible('\u001b]8;;http://x\u0007link\u001b]8;;\u0007')).toBe('link');
  });

  it('shows what would turn or hide the text around it', () => {
    expect(visible('a\u202egpj.exe')).toBe('a\\u202egpj.exe');
    expect(visible('a\u200bb\u0000c\ufeff')).toBe('a\\u200bb\\u0000c\\ufeff');
    expect(visible('a\rb')).toBe('a\\u000db');
  });

  it('keeps lines, tabs and letters of all scripts', () => {
    expect(visible('a\n\tb\r\nc größer 日本 עברית')).toBe('a\n\tb\nc größer 日本 עברית');
  });

  it('names a datum by its place where its key is a digest', () => {
    const trans = nullTranslator.load('x');
    const name = (key: string | null) => datumName(trans, { key, position: 8341 });
    expect(name('shard-003/s00150.csv')).toBe('shard-003/s00150.csv');
    expect(name('caf\\xe9.txt')).toBe('caf\\xe9.txt');
    expect(name('\\x18\\x0f@\\x07\\xb4\\xeeE\\x00\\x00')).toBe('datum 8,342');
    expect(name(null)).toBe('datum 8,342');
  });

  it('tells a place in a file without the folders that lead there', () => {
    const trans = { __: (text: string, line: string) => `<${text}> ${line}` } as any;
    expect(placeWord(trans, 'File "/home/me/survey/helpers.py", line 44')).toBe(
      'helpers.py, line 44'
    );
    expect(placeWord(trans, 'cell line 6')).toBe('<cell line %1> 6');
    expect(placeWord(trans, null)).toBe('');
  });

  it('is one line where there is room for one', () => {
    expect(oneLine('  a\n b\r\n\u2028c ')).toBe('a b c');
  });
});

it('keeps count of what failed before and was left out, and of what was left as it is', () => {
  const run = { reasons: { 'failed before': 42, unchanged: 8 }, total: 50, skipped: 20 };
  expect(stillFailed(run)).toBe(12);
  expect(leftAlone(run, run.skipped)).toBe(12);
  expect(stillFailed({ ...run, left: { 'failed before': 3 } })).toBe(3);
  expect(stillFailed({ ...run, left: {} })).toBe(0);
  expect(stillFailed({ ...run, skipped: 8 })).toBe(0);
  expect(stillFailed({ ...run, reasons: null })).toBe(0);
  expect(leftAlone({ reasons: null }, 20)).toBe(0);
});

it('has a word for each state', () => {
  const trans = nullTranslator.load('x');
  expect(new Set(STATES.map(state => stateWord(trans, state))).size).toBe(STATES.length);
});
